//! The only places where something may be created.

use std::path::{Path, PathBuf};

/// Where a missing path lies, seen from the roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Below `anchor`, which is there; `relative` holds no link as far as it is there.
    Inside {
        anchor: PathBuf,
        relative: PathBuf,
    },
    /// It is written as if below a root, but this link leads out.
    BehindLink(PathBuf),
    /// It lies below this root, which is not there, and nothing of what would hold it.
    BelowUnmade(PathBuf),
    Outside,
}

/// What has to be a root so that a missing directory can be made: its first part that is missing, where links lead.
pub fn of_missing(path: &Path) -> Option<PathBuf> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let existing = path.ancestors().find(|above| above.symlink_metadata().is_ok())?;
    let first = path.strip_prefix(existing).ok()?.components().next()?;
    Some(existing.canonicalize().ok()?.join(first))
}

/// Directories that were declared, as absolute paths.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    usable: Vec<Root>,
    /// Those whose parent is not there either: to make that, too, was not declared.
    unmade: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
struct Root {
    written: PathBuf,
    /// The directory that is there, without links: the root, or its parent where the root itself is
    /// still to be made.
    anchor: PathBuf,
    /// The root without links.
    real: PathBuf,
}

impl Roots {
    /// Looks at each of them.
    pub fn new<'a>(written: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut roots = Self::default();
        for written in written {
            if let Ok(real) = written.canonicalize() {
                roots.usable.push(Root { written: written.to_owned(), anchor: real.clone(), real });
                continue;
            }
            // A dangling link is there, and is not a place to create.
            if written.symlink_metadata().is_ok() {
                continue;
            }
            match (written.parent().map(Path::canonicalize), written.file_name()) {
                (Some(Ok(anchor)), Some(name)) => {
                    let real = anchor.join(name);
                    roots.usable.push(Root { written: written.to_owned(), anchor, real });
                }
                _ => roots.unmade.push(written.to_owned()),
            }
        }
        roots
    }

    /// Whether a path without links lies in one of them.
    pub fn contains(&self, real: &Path) -> bool {
        self.usable.iter().any(|root| real.starts_with(&root.real))
    }

    /// Where `path` lies, of which `existing` is there and the rest is not.
    pub fn standing(&self, path: &Path, existing: &Path) -> Standing {
        let real = existing.canonicalize().ok().zip(path.strip_prefix(existing).ok());
        let real = real.map(|(existing, rest)| existing.join(rest));
        if let Some(real) = &real {
            let inside = self.usable.iter().filter(|root| real.starts_with(&root.real));
            let nearest = inside.max_by_key(|root| root.real.components().count());
            if let Some((root, relative)) =
                nearest.and_then(|root| Some((root, real.strip_prefix(&root.anchor).ok()?)))
            {
                return Standing::Inside { anchor: root.anchor.clone(), relative: relative.to_owned() };
            }
        }
        let written = self.usable.iter().find(|root| path.starts_with(&root.written));
        if let Some(link) = written.and_then(|root| first_link(&root.written, existing)) {
            return Standing::BehindLink(link);
        }
        match self.unmade.iter().find(|root| path.starts_with(root)) {
            Some(root) => Standing::BelowUnmade(root.clone()),
            None => Standing::Outside,
        }
    }
}

/// The innermost of some roots in which a path lies by its name alone, and the way below it: on another
/// machine nothing else is known of either.
pub fn nearest(roots: &[PathBuf], path: &Path) -> Option<(PathBuf, PathBuf)> {
    let inside = roots.iter().filter_map(|root| Some((root, path.strip_prefix(root).ok()?)));
    let (root, relative) = inside.max_by_key(|(root, _)| root.components().count())?;
    Some((root.clone(), relative.to_owned()))
}

/// The first link below `root` on the way to `path`.
fn first_link(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut ways: Vec<&Path> = path.ancestors().take_while(|one| one.starts_with(root)).collect();
    ways.pop();
    ways.into_iter().rev().find(|one| one.is_symlink()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory without links above it.
    fn temp() -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().canonicalize().unwrap();
        (temp, path)
    }

    fn inside(anchor: &Path, relative: &str) -> Standing {
        Standing::Inside { anchor: anchor.into(), relative: relative.into() }
    }

    #[test]
    fn the_nearest_root_counts() {
        let (_keep, temp) = temp();
        fs::create_dir_all(temp.join("p/data")).unwrap();
        let (p, data) = (temp.join("p"), temp.join("p/data"));
        let roots = Roots::new([p.as_path(), &data]);
        assert_eq!(roots.standing(&p.join("x/y"), &p), inside(&p, "x/y"));
        assert_eq!(roots.standing(&data.join("x"), &data), inside(&data, "x"));
        assert_eq!(roots.standing(&temp.join("x"), &temp), Standing::Outside);
        assert_eq!(roots.standing(&temp.join("px"), &temp), Standing::Outside, "not by letters");
    }

    #[test]
    fn by_name_alone_the_nearest_root_counts_too() {
        let roots = ["/a".into(), "/a/b".into()];
        let found = |path: &str| nearest(&roots, Path::new(path));
        assert_eq!(found("/a/b/c"), Some(("/a/b".into(), "c".into())));
        assert_eq!(found("/a/bc"), Some(("/a".into(), "bc".into())));
        assert_eq!((found("/a"), found("/x")), (Some(("/a".into(), "".into())), None));
    }

    #[test]
    fn a_root_reached_through_a_link_is_the_same_root() {
        let (_keep, temp) = temp();
        fs::create_dir_all(temp.join("real/p")).unwrap();
        symlink("real", temp.join("link")).unwrap();
        let roots = Roots::new([temp.join("link/p").as_path()]);
        let expected = inside(&temp.join("real/p"), "x");
        assert_eq!(roots.standing(&temp.join("link/p/x"), &temp.join("link/p")), expected);
        assert_eq!(roots.standing(&temp.join("real/p/x"), &temp.join("real/p")), expected);
    }

    #[test]
    fn a_link_that_leads_out_is_named_and_one_that_stays_is_followed() {
        let (_keep, temp) = temp();
        fs::create_dir_all(temp.join("p/a")).unwrap();
        fs::create_dir_all(temp.join("out/b")).unwrap();
        symlink("a", temp.join("p/in")).unwrap();
        symlink("../out", temp.join("p/link")).unwrap();
        let p = temp.join("p");
        let roots = Roots::new([p.as_path()]);
        assert_eq!(roots.standing(&p.join("in/x"), &p.join("in")), inside(&p, "a/x"));
        let leaving = roots.standing(&p.join("link/b/x"), &p.join("link/b"));
        assert_eq!(leaving, Standing::BehindLink(p.join("link")));
    }

    #[test]
    fn a_root_that_is_missing_is_made_but_nothing_above_it() {
        let (_keep, temp) = temp();
        let roots = Roots::new([temp.join("new").as_path(), &temp.join("no/new")]);
        assert_eq!(roots.standing(&temp.join("new/x"), &temp), inside(&temp, "new/x"));
        assert_eq!(roots.standing(&temp.join("other"), &temp), Standing::Outside);
        assert_eq!(roots.standing(&temp.join("no/new/x"), &temp), Standing::BelowUnmade(temp.join("no/new")));
    }

    /// One step of a root is made, not two.
    #[test]
    fn a_root_without_its_parent_is_told_apart() {
        let (_temp, path) = temp();
        let root = path.join("a/b");
        let roots = Roots::new([root.as_path()]);
        assert_eq!(roots.standing(&root.join("data"), &path), Standing::BelowUnmade(root.clone()));
        assert_eq!(roots.standing(&path.join("a/data"), &path), Standing::Outside);
        fs::create_dir(path.join("a")).unwrap();
        let roots = Roots::new([root.as_path()]);
        assert_eq!(roots.standing(&root.join("data"), &path.join("a")), inside(&path.join("a"), "b/data"));
    }
}
