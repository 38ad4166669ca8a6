//! Whom the engine runs a program as, given the text of `user:` and the image's user database.
//!
//! The rules are those of the library that Docker, containerd and runc share: a number is never looked
//! up as a name; an unknown number gets group 0; only a user without an explicit group gets the
//! supplementary groups.

use serde::Serialize;

/// The largest id that engines accept.
const MAX_ID: i64 = 2_147_483_647;

/// A user in numbers, as the engine will set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResolvedUser {
    pub uid: u32,
    pub gid: u32,
    /// Groups beside `gid`, from the image's `/etc/group`; the service's `group_add:` comes on top.
    pub supplementary: Vec<u32>,
    /// What `HOME` will be where nothing sets it: `/` for a user whom the image does not know.
    pub home: String,
    /// The name in the image's `/etc/passwd`, where it has one for this uid.
    pub name: Option<String>,
}

/// Why the engine would refuse to start a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    #[error("the image has no user \"{0}\"")]
    NoSuchUser(String),
    #[error("the image has no group \"{0}\"")]
    NoSuchGroup(String),
    #[error("\"{0}\" is not between 0 and 2147483647")]
    OutOfRange(String),
}

/// Half of `user:`: a number, a name, or nothing.
enum Part<'a> {
    Absent,
    Number(u32),
    Name(&'a str),
}

impl<'a> Part<'a> {
    fn parse(text: &'a str) -> Result<Self, UserError> {
        if text.is_empty() {
            return Ok(Self::Absent);
        }
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Name(text));
        }
        match number(text).filter(|id| (0..=MAX_ID).contains(id)).and_then(|id| u32::try_from(id).ok()) {
            Some(id) => Ok(Self::Number(id)),
            None => Err(UserError::OutOfRange(text.to_owned())),
        }
    }

    fn is(&self, id: i64, name: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Number(number) => i64::from(*number) == id,
            Self::Name(wanted) => *wanted == name,
        }
    }
}

/// Resolves `raw`, the text of `user:` or, where that is empty, of the image's `USER`, as the engine would.
/// `passwd` and
/// `group` are the texts of the image's `/etc/passwd` and `/etc/group`, `None` where it has none.
///
/// The forms that the engine silently runs as root (an empty text, `:`, `:GID`) resolve to what they run
/// as; whether to allow them is for the caller to say.
pub fn resolve_user(raw: &str, passwd: Option<&str>, group: Option<&str>) -> Result<ResolvedUser, UserError> {
    let (user_text, group_text) = raw.split_once(':').unwrap_or((raw, ""));
    let (user_part, group_part) = (Part::parse(user_text)?, Part::parse(group_text)?);

    let known = users(passwd.unwrap_or_default()).find(|user| match user_part {
        Part::Absent => user.uid == 0,
        _ => user_part.is(user.uid, user.name),
    });
    let mut resolved = match (&known, &user_part) {
        (Some(user), _) => ResolvedUser {
            uid: in_range(user.uid)?,
            gid: in_range(user.gid)?,
            supplementary: Vec::new(),
            home: user.home.to_owned(),
            name: Some(user.name.to_owned()),
        },
        (None, Part::Name(name)) => return Err(UserError::NoSuchUser((*name).to_owned())),
        (None, Part::Number(uid)) => unknown(*uid),
        (None, Part::Absent) => unknown(0),
    };
    if resolved.home.is_empty() {
        "/".clone_into(&mut resolved.home);
    }

    let groups = || groups(group.unwrap_or_default());
    match group_part {
        Part::Absent => {
            if let Some(name) = resolved.name.as_deref().filter(|name| !name.is_empty()) {
                let member = groups().filter(|group| group.members.split(',').any(|one| one == name));
                resolved.supplementary = member.map(|group| in_range(group.gid)).collect::<Result<_, _>>()?;
            }
        }
        _ => match (groups().find(|group| group_part.is(group.gid, group.name)), group_part) {
            (Some(group), _) => resolved.gid = in_range(group.gid)?,
            (None, Part::Number(gid)) => resolved.gid = gid,
            (None, _) => return Err(UserError::NoSuchGroup(group_text.to_owned())),
        },
    }
    Ok(resolved)
}

/// The name of a user in the text of a passwd file.
pub fn find_user_name(passwd: &str, uid: u32) -> Option<String> {
    users(passwd).find(|user| user.uid == i64::from(uid)).map(|user| user.name.to_owned())
}

/// The same of a user who gets a shell; nobody where that is a program that lets nobody in.
pub fn find_login_name(passwd: &str, uid: u32) -> Option<String> {
    const CLOSED: [&str; 3] = ["nologin", "false", "sync"];
    let user = users(passwd).find(|user| user.uid == i64::from(uid))?;
    let program = user.shell.rsplit('/').next().unwrap_or_default();
    // An empty one is the usual shell.
    (!CLOSED.contains(&program)).then(|| user.name.to_owned())
}

/// The same with the primary group.
pub(super) fn find_user(passwd: &str, uid: u32) -> Option<(String, u32)> {
    let user = users(passwd).find(|user| user.uid == i64::from(uid))?;
    Some((user.name.to_owned(), u32::try_from(user.gid).ok()?))
}

fn unknown(uid: u32) -> ResolvedUser {
    ResolvedUser { uid, gid: 0, supplementary: Vec::new(), home: "/".to_owned(), name: None }
}

fn in_range(id: i64) -> Result<u32, UserError> {
    u32::try_from(id)
        .ok()
        .filter(|id| i64::from(*id) <= MAX_ID)
        .ok_or_else(|| UserError::OutOfRange(id.to_string()))
}

struct User<'a> {
    name: &'a str,
    uid: i64,
    gid: i64,
    home: &'a str,
    shell: &'a str,
}

struct Group<'a> {
    name: &'a str,
    gid: i64,
    members: &'a str,
}

/// Lines are trimmed, missing fields are empty, and a number that is none counts as 0.
fn users(text: &str) -> impl Iterator<Item = User<'_>> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let mut fields = line.split(':');
        let mut next = || fields.next().unwrap_or_default();
        let (name, _, uid, gid, _, home, shell) = (next(), next(), next(), next(), next(), next(), next());
        User { name, uid: number(uid).unwrap_or(0), gid: number(gid).unwrap_or(0), home, shell }
    })
}

fn groups(text: &str) -> impl Iterator<Item = Group<'_>> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut fields = line.split(':');
        let mut next = || fields.next().unwrap_or_default();
        let (name, _, gid, members) = (next(), next(), next(), next());
        Group { name, gid: number(gid).unwrap_or(0), members }
    })
}

/// Decimal with an optional sign; leading zeros are allowed and mean nothing.
fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:10001:20002::/home/app:/bin/sh\n\
                          4242:x:77:77::/home/n:/bin/sh\n  spaced:x:88:88::/s:/bin/sh  \n";
    const GROUP: &str =
        "root:x:0:\n# docker:x:1:app\ndocker:x:999:app\nstaff:x:20002:\nextra:x:30003:other,app\n";

    fn resolve(raw: &str) -> Result<ResolvedUser, UserError> {
        resolve_user(raw, Some(PASSWD), Some(GROUP))
    }

    fn numbers(raw: &str) -> (u32, u32, Vec<u32>) {
        let user = resolve(raw).unwrap();
        (user.uid, user.gid, user.supplementary)
    }

    #[test]
    fn a_known_user_without_a_group_gets_the_images_groups() {
        for raw in ["10001", "app", "app:", "10001:", "010001", "+10001"] {
            assert_eq!(numbers(raw), (10001, 20002, vec![999, 30003]), "{raw}");
            assert_eq!(resolve(raw).unwrap().home, "/home/app");
        }
    }

    #[test]
    fn an_unknown_number_gets_group_zero_and_no_home() {
        for (raw, uid) in [("55555", 55555), ("1000:", 1000), ("2147483647", 2_147_483_647)] {
            let user = resolve(raw).unwrap();
            assert_eq!((user.uid, user.gid, user.home.as_str(), user.name), (uid, 0, "/", None));
        }
    }

    #[test]
    fn an_explicit_group_leaves_no_others() {
        assert_eq!(numbers("10001:10001"), (10001, 10001, vec![]));
        assert_eq!(numbers("app:root"), (10001, 0, vec![]));
        assert_eq!(numbers("app:docker"), (10001, 999, vec![]));
        assert_eq!(resolve("10001:10001").unwrap().home, "/home/app");
    }

    #[test]
    fn nothing_is_root() {
        for raw in ["", ":"] {
            assert_eq!(numbers(raw), (0, 0, vec![]), "{raw:?}");
            assert_eq!(resolve(raw).unwrap().home, "/root");
        }
        assert_eq!(numbers(":20002"), (0, 20002, vec![]));
    }

    #[test]
    fn a_number_is_never_a_name() {
        assert_eq!(numbers("4242"), (4242, 0, vec![]));
    }

    #[test]
    fn names_that_the_image_lacks_and_ids_out_of_range_are_refused() {
        assert_eq!(resolve("ghost"), Err(UserError::NoSuchUser("ghost".into())));
        assert_eq!(resolve("10001:ghost"), Err(UserError::NoSuchGroup("ghost".into())));
        for raw in ["0x2711", " 10001", "10001 ", "1e3", "+", "-"] {
            assert!(matches!(resolve(raw), Err(UserError::NoSuchUser(_))), "{raw:?}");
        }
        for raw in ["-1", "2147483648", "99999999999999999999", "0:-1", "0:2147483648"] {
            assert!(matches!(resolve(raw), Err(UserError::OutOfRange(_))), "{raw:?}");
        }
    }

    #[test]
    fn an_image_without_a_database_takes_numbers_only() {
        let user = resolve_user("10001", None, None).unwrap();
        assert_eq!((user.uid, user.gid, user.home.as_str()), (10001, 0, "/"));
        assert_eq!(resolve_user("", None, None).unwrap().uid, 0);
        assert!(resolve_user("root", None, None).is_err());
    }

    #[test]
    fn the_first_match_wins_and_broken_lines_count_as_they_do_for_the_engine() {
        let passwd = "one:x:5:6::/1:\ntwo:x:5:7::/2:\nbroken:x:abc:9::/3:\nshort\n";
        assert_eq!(resolve_user("5", Some(passwd), None).unwrap().gid, 6);
        let broken = resolve_user("broken", Some(passwd), None).unwrap();
        assert_eq!((broken.uid, broken.gid), (0, 9));
        assert_eq!(resolve_user("short", Some(passwd), None).unwrap().home, "/");
        assert_eq!(numbers("spaced"), (88, 88, vec![]));
        assert_eq!(find_user_name(PASSWD, 10001).as_deref(), Some("app"));
    }
}
