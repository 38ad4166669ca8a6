//! Names of a directory's entries, many of them in one piece of memory.

use std::cmp::Reverse;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::fs::{FileType, RawDir};
use rustix::io::Errno;

/// One entry as its directory lists it.
#[derive(Clone, Copy)]
struct Name {
    inode: u64,
    /// Where it begins in the bytes; it ends with a zero.
    start: usize,
}

/// Taken from the end, in the order of the inodes once they are sorted.
#[derive(Default)]
pub(super) struct Names {
    bytes: Vec<u8>,
    list: Vec<Name>,
}

impl Names {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn push(&mut self, name: &CStr, inode: u64) {
        self.list.push(Name { inode, start: self.bytes.len() });
        self.bytes.extend_from_slice(name.to_bytes_with_nul());
    }

    /// What is added comes first.
    pub fn add(&mut self, more: Self) {
        if self.list.is_empty() {
            *self = more;
            return;
        }
        let names = more.list.iter().map(|name| Name { start: name.start + self.bytes.len(), ..*name });
        self.list.extend(names);
        self.bytes.extend(more.bytes);
    }

    /// A listing's order is often that of a hash; inodes in their own order are read from the disk, and
    /// written to it, together.
    pub fn sort(&mut self) {
        self.list.sort_unstable_by_key(|name| Reverse(name.inode));
    }

    /// The next one.
    pub fn last(&self) -> Option<&CStr> {
        let start = self.list.last()?.start;
        CStr::from_bytes_until_nul(self.bytes.get(start..)?).ok()
    }

    pub fn pop(&mut self) {
        self.list.pop();
        if self.list.is_empty() {
            self.bytes.clear();
        }
    }

    /// Takes the half that would have come last.
    pub fn split(&mut self) -> Self {
        let mut half = Self::default();
        for name in self.list.drain(..self.list.len().div_ceil(2)) {
            let rest = self.bytes.get(name.start..).unwrap_or_default();
            if let Ok(text) = CStr::from_bytes_until_nul(rest) {
                half.push(text, name.inode);
            }
        }
        half
    }
}

/// Reads the next names of a directory; none where all were read.
pub(super) fn read_names(
    directory: BorrowedFd<'_>,
    buffer: &mut [MaybeUninit<u8>],
    others: &mut Names,
    directories: &mut Names,
) -> rustix::io::Result<()> {
    let mut entries = RawDir::new(directory, buffer);
    while let Some(entry) = entries.next() {
        let entry = match entry {
            // Held by `O_PATH` because it may not be read.
            Err(Errno::BADF) => return Err(Errno::ACCESS),
            entry => entry?,
        };
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            let names =
                if entry.file_type() == FileType::Directory { &mut *directories } else { &mut *others };
            names.push(name, entry.ino());
        }
        // An empty directory lists itself and the one above it, and then there may be more.
        if entries.is_buffer_empty() && others.len() + directories.len() > 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut names: Names) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(name) = names.last() {
            all.push(name.to_str().unwrap().to_owned());
            names.pop();
        }
        all
    }

    #[test]
    fn names_come_by_their_inodes_and_are_split_without_loss() {
        let mut names = Names::default();
        for (name, inode) in [(c"c", 30), (c"", 5), (c"bb", 20), (c"a", 10), (c"e", 50)] {
            names.push(name, inode);
        }
        names.sort();
        let half = names.split();
        assert_eq!((names.len(), half.len()), (2, 3));
        assert_eq!(all(names), ["", "a"]);
        assert_eq!(all(half), ["bb", "c", "e"]);
        assert_eq!(all(Names::default().split()), [""; 0]);
    }
}
