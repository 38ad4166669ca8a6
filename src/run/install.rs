//! `install` and `uninstall`: seaworthy as docker's plugin, and as `docker compose` itself.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::{InstallOptions, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Options;
use crate::engine::compose::{self, BEHIND};
use crate::host::link::{self, Named};
use crate::operate::doctor::program::Placement;

use super::pass;

const PLUGIN: &str = "docker-seaworthy";
const COMPOSE: &str = "docker-compose";

/// One change, as it is shown and as it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `at` becomes a link to `to`.
    Link {
        at: PathBuf,
        to: PathBuf,
    },
    /// The real Compose keeps this second name, since the first one is about to be taken.
    Keep {
        from: PathBuf,
        to: PathBuf,
    },
    PutBack {
        from: PathBuf,
        to: PathBuf,
    },
    Remove(PathBuf),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { at, to } => write!(f, "link    {} → {}", at.display(), to.display()),
            Self::Keep { from, to } => write!(f, "keep    {} as {}", from.display(), to.display()),
            Self::PutBack { from, to } => write!(f, "restore {} from {}", to.display(), from.display()),
            Self::Remove(path) => write!(f, "remove  {}", path.display()),
        }
    }
}

impl Step {
    fn carry_out(&self) -> io::Result<()> {
        match self {
            Self::Link { at, to } => {
                link::make_folder(at.parent().unwrap_or(Path::new("/")))?;
                link::replace_by_link(at, to)
            }
            Self::Keep { from, to } => link::second_name(from, to),
            Self::PutBack { from, to } => link::put_back(from, to),
            Self::Remove(path) => link::remove(path),
        }
    }
}

/// Shows what is to be done, asks, and does it.
pub fn install(request: &Request, options: InstallOptions) -> Result<Exit, Exit> {
    let docker = pass::options(request);
    let folder = folder(&docker, options.system).map_err(pass::refuse)?;
    let program = own_program().map_err(pass::refuse)?;
    let steps = install_steps(&docker, &folder, &program, options.as_compose).map_err(pass::refuse)?;
    let told = if options.as_compose {
        "`docker compose` is seaworthy now, with the real one behind it; `seaworthy uninstall` undoes that.\n"
    } else {
        "`docker seaworthy` works now; `seaworthy install --as-compose` makes `docker compose` seaworthy, too.\n"
    };
    carry_out(request, &steps, options, told)
}

/// Undoes what [`install`] did in that directory.
pub fn uninstall(request: &Request, options: InstallOptions) -> Result<Exit, Exit> {
    let folder = folder(&pass::options(request), options.system).map_err(pass::refuse)?;
    let steps = uninstall_steps(&folder).map_err(pass::refuse)?;
    let exit = carry_out(request, &steps, options, "seaworthy is no plugin of docker there any more.\n")?;
    if !request.global.dry_run {
        // Those that may have been made for it.
        link::remove_if_empty(&folder.join(BEHIND));
        link::remove_if_empty(&folder);
        folder.parent().into_iter().for_each(link::remove_if_empty);
    }
    Ok(exit)
}

fn carry_out(request: &Request, steps: &[Step], options: InstallOptions, told: &str) -> Result<Exit, Exit> {
    if steps.is_empty() {
        return super::print(b"Nothing to do.\n");
    }
    let lines: Vec<String> = steps.iter().map(Step::to_string).collect();
    super::print(format!("{}\n", lines.join("\n")).as_bytes())?;
    if request.global.dry_run {
        return Ok(Exit::Done);
    }
    if !options.yes && !super::agreed("Do this? [y/N] ").map_err(|error| super::failed(&error))? {
        return Err(pass::refuse(
            Finding::error(Code::Usage, "nothing was changed, because nobody agreed")
                .help("Answer y, or give --yes where there is no terminal."),
        ));
    }
    for step in steps {
        step.carry_out().map_err(|error| {
            let finding = Finding::error(Code::PrepareFailed, format!("cannot {step}: {error}"));
            pass::refuse(finding.help(match error.kind() {
                io::ErrorKind::PermissionDenied => "Run it as root, or without --system for yourself alone.",
                _ => "Correct the cause and run again: what was done already is not done twice.",
            }))
        })?;
    }
    super::print(told.as_bytes())
}

/// The directory of plugins to install into: the user's own, or the first one of all users.
fn folder(docker: &Options, system: bool) -> Result<PathBuf, Finding> {
    if system {
        return Ok(PathBuf::from(compose::SYSTEM[0]));
    }
    let own = compose::own_directory(docker).filter(|path| path.is_absolute());
    own.ok_or_else(|| {
        Finding::error(
            Code::Usage,
            "the directory for your plugins is not known: neither HOME nor DOCKER_CONFIG is set",
        )
        .help("Set HOME, or use --system to install for all users.")
    })
}

fn own_program() -> Result<PathBuf, Finding> {
    std::env::current_exe().map_err(|error| {
        Finding::error(Code::PrepareFailed, format!("the path of this program is not known: {error}"))
            .help("Call it by its full path.")
    })
}

fn install_steps(
    docker: &Options,
    folder: &Path,
    program: &Path,
    as_compose: bool,
) -> Result<Vec<Step>, Finding> {
    let to = program.to_owned();
    let mut steps = Vec::new();
    let at = folder.join(PLUGIN);
    match look(&at)? {
        Named::Link(now) if now == to => {}
        Named::Nothing | Named::Link(_) => steps.push(Step::Link { at, to: to.clone() }),
        Named::Other => return Err(taken(&at)),
    }
    if !as_compose {
        return Ok(steps);
    }
    let at = folder.join(COMPOSE);
    let behind = folder.join(BEHIND).join(COMPOSE);
    refuse_earlier(docker, folder, program)?;
    match look(&at)? {
        Named::Link(now) if now == to => {}
        Named::Link(now) if is_seaworthy(&now) => steps.push(Step::Link { at, to }),
        Named::Nothing => steps.push(Step::Link { at, to }),
        Named::Link(_) | Named::Other => {
            match look(&behind)? {
                Named::Nothing => steps.push(Step::Keep { from: at.clone(), to: behind }),
                // An update put a new Compose where seaworthy had been.
                _ => {
                    steps.push(Step::Remove(behind.clone()));
                    steps.push(Step::Keep { from: at.clone(), to: behind });
                }
            }
            steps.push(Step::Link { at, to });
        }
    }
    if compose::find_plugin(docker).map_err(unreadable)?.is_none() {
        return Err(Finding::error(
            Code::ComposeUnavailable,
            "there is no docker compose to stand in front of",
        )
        .help("Install Docker Compose first; without --as-compose, `docker seaworthy` can be installed."));
    }
    Ok(steps)
}

/// Where docker finds this program, or would have to.
pub(crate) fn placements(docker: &Options) -> Result<Vec<Placement>, Finding> {
    let mut found = Vec::new();
    for folder in compose::directories(docker).map_err(unreadable)? {
        let leads = |to: &Path| look(to).map(|named| named != Named::Nothing);
        let plugin = folder.join(PLUGIN);
        match look(&plugin)? {
            Named::Nothing => {}
            Named::Link(to) if !leads(&to)? => found.push(Placement::Dangling(plugin)),
            Named::Link(_) | Named::Other => found.push(Placement::Plugin(plugin)),
        }
        let at = folder.join(COMPOSE);
        let is_kept = look(&folder.join(BEHIND).join(COMPOSE))? != Named::Nothing;
        match look(&at)? {
            Named::Link(to) if is_seaworthy(&to) && !leads(&to)? => found.push(Placement::Dangling(at)),
            Named::Link(to) if is_seaworthy(&to) => found.push(Placement::Compose(at)),
            Named::Link(_) | Named::Other if is_kept => found.push(Placement::Lost(at)),
            _ => {}
        }
    }
    Ok(found)
}

/// Docker takes the first plugin that it finds; one in an earlier directory would stay in front.
fn refuse_earlier(docker: &Options, folder: &Path, program: &Path) -> Result<(), Finding> {
    for earlier in compose::directories(docker).map_err(unreadable)? {
        if earlier == folder {
            return Ok(());
        }
        let path = earlier.join(COMPOSE);
        match look(&path)? {
            Named::Nothing => {}
            Named::Link(to) if to == program => {}
            _ => {
                let message = format!("docker finds {} first, and would not ask seaworthy", path.display());
                return Err(Finding::error(Code::Usage, message)
                    .help("Install without --system, or remove that file."));
            }
        }
    }
    Ok(())
}

fn uninstall_steps(folder: &Path) -> Result<Vec<Step>, Finding> {
    let mut steps = Vec::new();
    let is_ours = |path: &Path| -> Result<bool, Finding> {
        Ok(matches!(look(path)?, Named::Link(to) if is_seaworthy(&to)))
    };
    let plugin = folder.join(PLUGIN);
    if is_ours(&plugin)? {
        steps.push(Step::Remove(plugin));
    }
    let at = folder.join(COMPOSE);
    let behind = folder.join(BEHIND).join(COMPOSE);
    let is_kept = look(&behind)? != Named::Nothing;
    match (is_ours(&at)? || look(&at)? == Named::Nothing, is_kept) {
        (true, true) => steps.push(Step::PutBack { from: behind, to: at }),
        (false, true) => steps.push(Step::Remove(behind)),
        (true, false) if is_ours(&at)? => steps.push(Step::Remove(at)),
        _ => {}
    }
    Ok(steps)
}

/// A link that leads to a program of our name: this one, or one that was installed elsewhere.
fn is_seaworthy(target: &Path) -> bool {
    let own = own_program().ok();
    own.as_deref() == Some(target) || target.file_name() == Some(OsStr::new("seaworthy"))
}

fn look(path: &Path) -> Result<Named, Finding> {
    link::named(path).map_err(|error| {
        Finding::error(Code::PrepareFailed, format!("cannot look at {}: {error}", path.display()))
            .help("Check the permissions of its directories.")
    })
}

fn taken(path: &Path) -> Finding {
    Finding::error(Code::PrepareFailed, format!("{} is there already, and is no link", path.display()))
        .help("Remove it if it is an older seaworthy.")
}

fn unreadable(reason: String) -> Finding {
    Finding::error(Code::ComposeUnavailable, reason)
        .help("Docker's configuration names the directories of plugins. Correct the cause and run again.")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Place {
        temp: tempfile::TempDir,
        docker: Options,
    }

    impl Place {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let environment = vec![("DOCKER_CONFIG".into(), temp.path().join("config").into())];
            Self { docker: Options { environment, ..Options::default() }, temp }
        }

        fn folder(&self) -> PathBuf {
            folder(&self.docker, false).unwrap()
        }

        fn real(&self) -> PathBuf {
            let path = self.folder().join(COMPOSE);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "#!/bin/sh\necho real\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        }

        fn install(&self, as_compose: bool) -> Vec<Step> {
            let program = own_program().unwrap();
            let steps = install_steps(&self.docker, &self.folder(), &program, as_compose).unwrap();
            steps.iter().for_each(|step| step.carry_out().unwrap());
            steps
        }

        fn listed(&self) -> Vec<String> {
            let walk = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
            let mut all: Vec<String> = walk(self.folder())
                .chain(walk(self.folder().join(BEHIND)))
                .map(|entry| {
                    entry.path().strip_prefix(self.temp.path()).unwrap().to_string_lossy().into_owned()
                })
                .collect();
            all.sort();
            all
        }
    }

    #[test]
    fn what_is_installed_is_installed_once_and_undone_completely() {
        let place = Place::new();
        let real = place.real();
        let before = (place.listed(), fs::read(&real).unwrap());
        assert_eq!(place.install(false).len(), 1);
        assert_eq!(place.install(false), []);
        assert_eq!(place.install(true).len(), 2);
        assert_eq!(place.install(true), []);
        // The real one is found behind, though docker finds us.
        let behind = place.folder().join(BEHIND).join(COMPOSE);
        assert_eq!(compose::find_plugin(&place.docker), Ok(Some(behind)));
        assert_eq!(compose::is_shadowed(&place.docker), Ok(true));
        for step in uninstall_steps(&place.folder()).unwrap() {
            step.carry_out().unwrap();
        }
        link::remove_if_empty(&place.folder().join(BEHIND));
        assert_eq!((place.listed(), fs::read(&real).unwrap()), before);
        assert_eq!(uninstall_steps(&place.folder()).unwrap(), []);
    }

    #[test]
    fn an_update_of_the_real_one_over_the_link_is_kept() {
        let place = Place::new();
        let real = place.real();
        place.install(true);
        fs::remove_file(&real).unwrap();
        place.real();
        fs::write(&real, "#!/bin/sh\necho newer\n").unwrap();
        assert!(
            uninstall_steps(&place.folder())
                .unwrap()
                .contains(&Step::Remove(place.folder().join(BEHIND).join(COMPOSE)))
        );
        assert_eq!(place.install(true).len(), 3);
        let kept = fs::read_to_string(place.folder().join(BEHIND).join(COMPOSE)).unwrap();
        assert_eq!(kept, "#!/bin/sh\necho newer\n");
    }

    #[test]
    fn each_place_is_shown_as_it_is() {
        let place = Place::new();
        let own = |name: &str| place.folder().join(name);
        let found = || {
            placements(&place.docker)
                .unwrap()
                .into_iter()
                .filter(|one| {
                    let (Placement::Plugin(path)
                    | Placement::Compose(path)
                    | Placement::Lost(path)
                    | Placement::Dangling(path)) = one;
                    path.starts_with(place.temp.path())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(found(), []);
        place.real();
        assert_eq!(found(), [], "the real one alone is no place of ours");
        place.install(true);
        assert_eq!(found(), [Placement::Plugin(own(PLUGIN)), Placement::Compose(own(COMPOSE))]);
        // An update of the real one over the link.
        fs::remove_file(own(COMPOSE)).unwrap();
        place.real();
        assert_eq!(found()[1], Placement::Lost(own(COMPOSE)));
        fs::remove_file(own(PLUGIN)).unwrap();
        std::os::unix::fs::symlink("/none/seaworthy", own(PLUGIN)).unwrap();
        assert_eq!(found()[0], Placement::Dangling(own(PLUGIN)));
    }

    #[test]
    fn a_plugin_that_docker_finds_earlier_is_not_passed_over() {
        let place = Place::new();
        place.real();
        let extra = place.temp.path().join("extra");
        fs::create_dir(&extra).unwrap();
        fs::copy(place.folder().join(COMPOSE), extra.join(COMPOSE)).unwrap();
        let configuration = serde_json::json!({ "cliPluginsExtraDirs": [extra] }).to_string();
        fs::write(place.temp.path().join("config/config.json"), configuration).unwrap();
        let program = own_program().unwrap();
        let refused = install_steps(&place.docker, &place.folder(), &program, true).unwrap_err();
        assert!(refused.message.ends_with("extra/docker-compose first, and would not ask seaworthy"));
        assert_eq!(install_steps(&place.docker, &place.folder(), &program, false).unwrap().len(), 1);
    }
}
