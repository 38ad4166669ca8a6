//! The `docker compose` that will be run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::socket::configuration;
use super::{Command, Info, Options};
use crate::host::process::{find_program, identity, own_identity};

/// Which Compose that is. A plugin in the user's own directory shadows the system's, so its path is
/// worth showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// The absolute path of `docker`.
    pub docker: PathBuf,
    /// The absolute path of the plugin, where it could be found.
    pub plugin: Option<PathBuf>,
    /// As it says itself: `2.40.3`.
    pub version: String,
}

impl Compose {
    /// From what the client said together with the engine's information: no question of its own.
    pub fn from_info(command: &Command, info: &Info) -> Option<Self> {
        let (version, plugin) = info.compose.clone()?;
        (!version.is_empty()).then(|| Self {
            docker: command.program().to_owned(),
            plugin: Some(plugin).filter(|path| path.is_absolute()),
            version: version.trim_start_matches('v').to_owned(),
        })
    }
}

/// The plugin that `docker compose` runs in the end: the first one, in the client's own order of directories,
/// that is not this program. Seaworthy may be installed as that plugin, with the real one behind it.
///
/// # Errors
/// Where the client's configuration cannot be read.
pub fn find_plugin(options: &Options) -> Result<Option<PathBuf>, String> {
    Ok(plugins(options)?.into_iter().find(|plugin| !is_seaworthy(plugin, options)))
}

/// Whether `docker compose` is this program.
///
/// # Errors
/// As [`find_plugin`].
pub fn is_shadowed(options: &Options) -> Result<bool, String> {
    Ok(plugins(options)?.first().is_some_and(|plugin| is_seaworthy(plugin, options)))
}

/// The variable in which one seaworthy tells the next, in another file, that it did all there is to do: the process that
/// says so, then device and inode of each program that has been on the way. So two of them never judge twice, and
/// never call each other in a circle.
pub const ON_THE_WAY: &str = "SEAWORTHY_ON_THE_WAY";

/// What [`ON_THE_WAY`] is for a program that this one runs or becomes.
pub fn on_the_way(options: &Options) -> OsString {
    let mut words = vec![std::process::id().to_string()];
    words.extend(passed(options));
    words.extend(own_identity());
    words.join(" ").into()
}

/// Whether another seaworthy calls this one in the place of Compose, and has judged already.
pub fn is_behind_another(options: &Options) -> bool {
    !passed(options).is_empty()
}

/// The programs that have been on the way. Only for the process that was told, and not for what it starts: that may be
/// another project.
fn passed(options: &Options) -> Vec<String> {
    let told = options.variable(ON_THE_WAY).unwrap_or_default();
    let told = told.to_string_lossy();
    let mut words = told.split(' ');
    let by: Option<u32> = words.next().and_then(|word| word.parse().ok());
    let near = [std::process::id(), std::os::unix::process::parent_id()];
    if by.is_some_and(|by| near.contains(&by)) { words.map(str::to_owned).collect() } else { Vec::new() }
}

fn is_seaworthy(plugin: &Path, options: &Options) -> bool {
    identity(plugin).is_some_and(|identity| {
        own_identity().as_ref() == Some(&identity) || passed(options).contains(&identity)
    })
}

/// In this folder beside the plugins lies the real one, where seaworthy took its place.
pub const BEHIND: &str = "behind-seaworthy";

/// The directories of plugins, in the client's own order.
///
/// # Errors
/// Where the client's configuration cannot be read.
pub fn directories(options: &Options) -> Result<Vec<PathBuf>, String> {
    let configuration = client_configuration(options);
    let own = own_directory(options);
    let extra = configuration.as_deref().map(extra_directories).transpose()?.unwrap_or_default();
    Ok(extra.into_iter().chain(own).chain(SYSTEM.map(PathBuf::from)).collect())
}

/// The directory of the user's own plugins.
pub fn own_directory(options: &Options) -> Option<PathBuf> {
    client_configuration(options).map(|path| path.join("cli-plugins"))
}

fn client_configuration(options: &Options) -> Option<PathBuf> {
    options
        .global_value("--config", "")
        .map(PathBuf::from)
        .or_else(|| options.variable("DOCKER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from))
        .or_else(|| Some(Path::new(&options.variable("HOME")?).join(".docker")))
}

/// Where docker looks for the plugins of all users, in its order.
pub const SYSTEM: [&str; 4] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

fn plugins(options: &Options) -> Result<Vec<PathBuf>, String> {
    let places = directories(options)?.into_iter().flat_map(|folder| [folder.clone(), folder.join(BEHIND)]);
    let found = |folder: PathBuf| find_program("docker-compose".as_ref(), folder.as_os_str());
    Ok(places.filter_map(found).collect())
}

fn extra_directories(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let value = configuration(folder)?;
    let listed = value.get("cliPluginsExtraDirs").and_then(|list| list.as_array());
    Ok(listed.into_iter().flatten().filter_map(|path| path.as_str().map(PathBuf::from)).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path, script: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_plugin_of_the_user_shadows_the_systems_and_extra_directories_shadow_that() {
        let temp = tempfile::tempdir().unwrap();
        let own = temp.path().join("config/cli-plugins/docker-compose");
        program(&own, "");
        let environment = vec![("DOCKER_CONFIG".into(), temp.path().join("config").into())];
        let options = Options { environment, ..Options::default() };
        assert_eq!(find_plugin(&options), Ok(Some(own)));
        let extra = temp.path().join("extra/docker-compose");
        program(&extra, "");
        let list = serde_json::json!({ "cliPluginsExtraDirs": [extra.parent().unwrap()] });
        fs::write(temp.path().join("config/config.json"), list.to_string()).unwrap();
        assert_eq!(find_plugin(&options), Ok(Some(extra)));
    }
}
