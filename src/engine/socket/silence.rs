//! Why a socket gave no answer, and what follows from it.

use std::io::{Error, ErrorKind};
use std::path::Path;

use rustix::fs::CWD;

use crate::engine::{Answer, Engine};
use crate::host::access::{Access, is_denied};

use super::Socket;

/// Why there is no answer; the reason is a clause without a final stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody is there, or what is said there is not understood. The command line may reach the engine, has
    /// more time, and says better what is wrong.
    Elsewhere(String),
    /// A call of the system failed that had no reason to. Who asks elsewhere now goes on as if it had not.
    Fault(String),
}

impl Silence {
    pub fn elsewhere(reason: impl Into<String>) -> Self {
        Self::Elsewhere(reason.into())
    }

    /// What an error of a call on the socket at `path` means; `what` could not be done.
    pub(super) fn of(error: &Error, path: &Path, what: &str) -> Self {
        let reason = format!("cannot {what}: {error}");
        let is_elsewhere = match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::ConnectionRefused
            // The question's share of the time.
            | ErrorKind::WouldBlock
            | ErrorKind::TimedOut => true,
            ErrorKind::PermissionDenied => is_denied(CWD, path, Access::WRITE),
            // The system was not asked: the path is longer than a socket's may be.
            _ => error.raw_os_error().is_none(),
        };
        if is_elsewhere { Self::Elsewhere(reason) } else { Self::Fault(reason) }
    }

    pub fn into_reason(self) -> String {
        match self {
            Self::Elsewhere(reason) | Self::Fault(reason) => reason,
        }
    }
}

impl Engine {
    /// Asks a local engine itself, and by its command line where that is the one to ask.
    pub fn ask<T>(
        &self,
        itself: impl FnOnce(&Socket) -> Result<T, Silence>,
        command_line: impl FnOnce() -> Answer<T>,
    ) -> Answer<T> {
        match Socket::of(self).map(|socket| itself(&socket)) {
            Some(Ok(answer)) => Answer::Known(answer),
            Some(Err(Silence::Fault(reason))) => Answer::Unknown(reason),
            Some(Err(Silence::Elsewhere(_))) | None => command_line(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::host::owner::is_root;
    use crate::host::{Credentials, Owner, run_as};

    #[test]
    fn only_what_the_system_may_answer_by_itself_is_asked_elsewhere() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        let of = |error: Error| Silence::of(&error, &path, "ask");
        for errno in [libc::ENOENT, libc::ENOTDIR, libc::ECONNREFUSED, libc::EAGAIN, libc::ETIMEDOUT] {
            assert!(matches!(of(Error::from_raw_os_error(errno)), Silence::Elsewhere(_)), "{errno}");
        }
        let own = Error::new(ErrorKind::InvalidInput, "path must be shorter than SUN_LEN");
        assert!(matches!(of(own), Silence::Elsewhere(_)));
        // The kernel, asked, permits it.
        for errno in
            [libc::EIO, libc::ENOSPC, libc::EACCES, libc::EPERM, libc::EMFILE, libc::ENOMEM, libc::EINVAL]
        {
            let Silence::Fault(reason) = of(Error::from_raw_os_error(errno)) else { panic!("{errno}") };
            assert!(reason.starts_with("cannot ask: "), "{reason}");
        }
    }

    #[test]
    fn a_socket_that_is_not_for_us_is_left_to_the_command_line() {
        if !is_root() {
            return; // only root can act as another
        }
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = temp.path().join("x.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let socket = Socket::at(path.display().to_string(), std::time::Duration::from_secs(1));
        let nobody = Credentials::plain(Owner::new(3001, 3001));
        let found = run_as(&nobody, || socket.get("/info")).unwrap();
        let Err(Silence::Elsewhere(reason)) = found else { panic!("{found:?}") };
        assert!(reason.contains("Permission denied"), "{reason}");
    }
}
