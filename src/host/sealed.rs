//! A file in memory that nobody can change, for programs that are given a path.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// Bytes behind a descriptor that every program inherits which this process starts or becomes.
#[derive(Debug)]
pub struct Sealed(File);

impl Sealed {
    /// Keeps `bytes`. `name` is what `/proc` shows of it.
    ///
    /// # Errors
    /// Where the kernel gives no memory for it, or cannot seal it.
    pub fn new(name: &str, bytes: &[u8]) -> io::Result<Self> {
        // Without CLOEXEC: the program that opens it is another one.
        let mut file = File::from(memfd_create(name, MemfdFlags::ALLOW_SEALING)?);
        file.write_all(bytes)?;
        let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, all)?;
        Ok(Self(file))
    }

    /// Where a program finds it that inherited the descriptor; each opening reads from the beginning.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn it_is_read_by_another_program_and_written_by_nobody() {
        let sealed = Sealed::new("test", b"as it was").unwrap();
        for _ in 0..2 {
            let output = Command::new("cat").arg(sealed.path()).output().unwrap();
            assert_eq!(output.stdout, b"as it was");
        }
        assert!(fs::write(sealed.path(), "longer than it was").is_err());
        assert!(File::options().write(true).open(sealed.path()).unwrap().write(b"other").is_err());
        assert_eq!(fs::read(sealed.path()).unwrap(), b"as it was");
    }
}
