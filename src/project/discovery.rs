//! From the command line and the environment to the list of files and what surrounds it.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding, Sink};
use crate::reader::{Habit, Reader};
use crate::source::FileId;

use super::{Environment, Inputs, dotenv, env_file_fault, env_file_warnings, list};

const MAIN: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDE: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What the command line and the process say about the project.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `-f`, in order; `-` is standard input.
    pub files: Vec<String>,
    /// `--files-from`: a sealed list, `-` for standard input.
    pub files_from: Option<String>,
    /// `--files-cmd`: a command that prints a sealed list.
    pub files_cmd: Option<String>,
    /// `--expect-files`.
    pub expect_files: Option<usize>,
    /// The version of Compose to read as.
    pub reader: Reader,
    pub project_directory: Option<PathBuf>,
    pub project_name: Option<String>,
    /// `--env-file`, in order.
    pub env_files: Vec<String>,
    /// The process environment.
    pub environment: Environment,
    /// The current directory. Absolute.
    pub cwd: PathBuf,
    /// `--parallel` is given, so that `COMPOSE_PARALLEL_LIMIT` does not matter.
    pub is_parallel_given: bool,
}

/// A project's files, and what surrounds them.
#[derive(Clone, Debug)]
pub struct Project {
    /// In the order in which they are merged.
    pub files: Vec<FileId>,
    /// Absolute paths as Compose would be given them; `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// `--expect-files`.
    pub expect_files: Option<usize>,
    /// The version of Compose that the project is read as.
    pub reader: Reader,
    /// Absolute.
    pub directory: PathBuf,
    /// The current directory. Absolute.
    pub cwd: PathBuf,
    /// `-p`, where given.
    pub name: Option<String>,
    /// The process environment and the env files under it.
    pub environment: Environment,
    /// The explicit env files, absolute.
    pub env_files: Vec<PathBuf>,
    /// Variables that env files gave and the process did not, by name, with the file.
    pub from_env_files: std::collections::BTreeMap<String, FileId>,
}

impl Project {
    /// The name that is said apart from the files: `-p`, else `COMPOSE_PROJECT_NAME`.
    pub fn given_name(&self) -> Option<&str> {
        given_name(self.name.as_deref(), &self.environment)
    }

    /// The directory for what is kept beside the project. Compose takes the directory of a process
    /// substitution for the project's; nothing can be kept there.
    pub fn home(&self) -> &Path {
        if self.is_in_kernel() { &self.cwd } else { &self.directory }
    }

    /// Whether its directory is none of files, but where a pipe has its name.
    pub fn is_in_kernel(&self) -> bool {
        is_in_kernel(&self.directory)
    }
}

/// Whether a directory is one in which the kernel names what processes have open.
pub fn is_in_kernel(directory: &Path) -> bool {
    ["/dev", "/proc"].iter().any(|place| directory.starts_with(place))
}

/// Finds and reads the project's files. `None` where the sink got errors.
pub fn discover(given: &Given, inputs: &mut Inputs, sink: &mut Sink) -> Option<Project> {
    let mut project = locate(given, inputs, sink)?;
    list::read(&mut project, &list::Expected::Unknown, inputs, sink)?;
    Some(project)
}

/// Finds the project's files, without reading them yet: what is demanded of them is for the policy,
/// which is found beside them. `None` where the sink got errors.
pub fn locate(given: &Given, inputs: &mut Inputs, sink: &mut Sink) -> Option<Project> {
    let mut given = given.clone();
    given.files.extend(list::sealed(&given, inputs, sink)?);
    let given = &given;
    let mut environment = given.environment.clone();
    if environment.get("PWD").is_none() {
        environment.set("PWD", given.cwd.to_string_lossy());
    }
    let mut from_env_files = std::collections::BTreeMap::new();
    let listed = explicit_env_files(given);
    let early = early_directory(given);
    let mut layers = Layers { environment: &mut environment, from: &mut from_env_files };
    if let Some(files) = &listed {
        layers.read_listed(files, inputs, sink)?;
    } else if !default_disabled(&given.environment, sink)? {
        layers.read_default(&early, inputs, sink)?;
    }
    let paths = file_list(given, &environment, sink)?;
    let directory = match &given.project_directory {
        Some(directory) => absolute(&given.cwd, directory),
        None => match paths.iter().find(|path| path.as_os_str() != "-") {
            Some(first) => first.parent().unwrap_or(Path::new("/")).to_path_buf(),
            None => given.cwd.clone(),
        },
    };
    if listed.is_none() && directory != early && !default_disabled(&environment, sink)? {
        let mut layers = Layers { environment: &mut environment, from: &mut from_env_files };
        layers.read_default(&directory, inputs, sink)?;
    }
    parallel_limit(given, &environment, sink)?;
    let name = given.project_name.clone().filter(|name| !name.is_empty());
    if given_name(name.as_deref(), &environment).is_none() {
        warn_renamed(&directory, sink);
    }
    let env_files =
        listed.unwrap_or_default().iter().map(|file| absolute(&given.cwd, Path::new(file))).collect();
    Some(Project {
        files: Vec::new(),
        paths,
        expect_files: given.expect_files,
        reader: given.reader,
        directory,
        cwd: given.cwd.clone(),
        name,
        environment,
        env_files,
        from_env_files,
    })
}

fn given_name<'n>(typed: Option<&'n str>, environment: &'n Environment) -> Option<&'n str> {
    typed.or_else(|| environment.get("COMPOSE_PROJECT_NAME")).filter(|name| !name.is_empty())
}

/// Compose reads this one before anything else, whatever the command.
fn parallel_limit(given: &Given, environment: &Environment, sink: &mut Sink) -> Option<()> {
    let limit = environment.get("COMPOSE_PARALLEL_LIMIT").filter(|_| !given.is_parallel_given);
    let Some(limit) = limit.filter(|limit| limit.parse::<i64>().is_err()) else { return Some(()) };
    sink.push(
        Finding::error(
            Code::EnvFile,
            format!("COMPOSE_PARALLEL_LIMIT must be an integer (found: {limit:?})"),
        )
        .help("Write a whole number, -1 for no limit, or unset it."),
    );
    None
}

/// The directory gives the project its name as it is called, not as what it links to is called.
fn warn_renamed(directory: &Path, sink: &mut Sink) {
    let Some(name) = directory.file_name() else { return };
    if directory.canonicalize().is_ok_and(|real| real.file_name() != Some(name)) {
        let name = name.to_string_lossy();
        let message =
            format!("project has been loaded without an explicit name from a symlink. Using name {name:?}");
        sink.push(Finding::warning(Code::ProjectName, message).help(
            "Through another path the same files would be another project: name it with `name:` or -p.",
        ));
    }
}

/// `path` from the current directory, cleaned but with symlinks as they are.
fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in cwd.join(path).components() {
        match component {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            std::path::Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

/// The env files named explicitly, if any.
fn explicit_env_files(given: &Given) -> Option<Vec<String>> {
    let files = if given.env_files.is_empty() {
        let variable = given.environment.get("COMPOSE_ENV_FILES").filter(|value| !value.is_empty())?;
        variable.split(',').map(str::to_owned).collect()
    } else {
        given.env_files.clone()
    };
    let home = given.environment.get("HOME").filter(|_| given.reader.has(Habit::HomeInEnvFile));
    let in_home = |file: String| match (file.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => format!("{home}/{rest}"),
        _ => file,
    };
    Some(files.into_iter().map(in_home).collect())
}

/// The directory whose `.env` counts before any file is found.
fn early_directory(given: &Given) -> PathBuf {
    match (&given.project_directory, given.files.iter().find(|file| *file != "-")) {
        (Some(directory), _) => absolute(&given.cwd, directory),
        (None, Some(first)) => {
            let first = absolute(&given.cwd, Path::new(first));
            first.parent().unwrap_or(Path::new("/")).to_path_buf()
        }
        (None, None) => given.cwd.clone(),
    }
}

fn default_disabled(environment: &Environment, sink: &mut Sink) -> Option<bool> {
    let Some(value) = environment.get("COMPOSE_DISABLE_ENV_FILE").filter(|value| !value.is_empty()) else {
        return Some(false);
    };
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => {
            sink.push(
                Finding::error(Code::EnvFile, format!("COMPOSE_DISABLE_ENV_FILE={value:?} is not a boolean"))
                    .help("Write true or false."),
            );
            None
        }
    }
}

/// Variables found so far.
struct Layers<'a> {
    environment: &'a mut Environment,
    from: &'a mut std::collections::BTreeMap<String, FileId>,
}

impl Layers<'_> {
    /// Later files override earlier ones; the process environment overrides all.
    fn read_listed(&mut self, files: &[String], inputs: &mut Inputs, sink: &mut Sink) -> Option<()> {
        let cwd = self.environment.get("PWD").unwrap_or("/").to_owned();
        let mut values = indexmap::IndexMap::new();
        for name in files {
            let path = absolute(Path::new(&cwd), Path::new(name));
            if path.is_dir() {
                sink.push(Finding::error(Code::EnvFile, format!("{} is a directory", path.display())));
                return None;
            }
            if !path.exists() {
                sink.push(
                    Finding::error(Code::EnvFile, format!("couldn't find env file: {}", path.display()))
                        .help("Correct --env-file, or leave it out."),
                );
                return None;
            }
            self.parse(inputs.read_env(&path, name), name, &mut values, inputs, sink)?;
        }
        self.add(values);
        Some(())
    }

    fn read_default(&mut self, directory: &Path, inputs: &mut Inputs, sink: &mut Sink) -> Option<()> {
        let path = directory.join(".env");
        match path.metadata() {
            Ok(metadata) if metadata.is_file() || metadata.file_type().is_fifo() => {}
            Ok(_) => return Some(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Some(()),
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                let message = format!("{} is not a directory", directory.display());
                sink.push(
                    Finding::error(Code::InputUnreadable, message)
                        .help("A project's directory is one, and `.env` is looked for in it."),
                );
                return None;
            }
            // Reading it tells what is in the way.
            Err(_) => {}
        }
        let mut values = indexmap::IndexMap::new();
        let file = inputs.read_env_found(&path, ".env");
        self.parse(file, ".env", &mut values, inputs, sink)?;
        // Compose takes its own variables from the file before it asks whether it may read it.
        let own = |name: &String| name.starts_with("COMPOSE_");
        let mut switches = self.environment.clone();
        for (name, (value, _)) in values.iter().filter(|(name, _)| own(name)) {
            if switches.get(name).is_none() {
                switches.set(name.as_str(), value.as_str());
            }
        }
        if default_disabled(&switches, sink)? {
            values.retain(|name, _| own(name));
        }
        self.add(values);
        Some(())
    }

    fn parse(
        &mut self,
        file: Result<FileId, Finding>,
        name: &str,
        values: &mut indexmap::IndexMap<String, (String, FileId)>,
        inputs: &mut Inputs,
        sink: &mut Sink,
    ) -> Option<()> {
        let file = match file {
            Ok(file) => file,
            Err(finding) => {
                sink.push(finding);
                return None;
            }
        };
        let text = inputs.sources().get(file)?.text.clone();
        let lookup = |name: &str| self.environment.get(name).map(str::to_owned);
        let earlier = |name: &str| values.get(name).map(|(value, _)| value.clone());
        match dotenv::parse_after(&text, &lookup, &earlier) {
            Ok(parsed) => {
                env_file_warnings(&parsed, file, sink);
                values.extend(parsed.values.into_iter().map(|(key, value)| (key, (value, file))));
                Some(())
            }
            Err(error) => {
                sink.push(env_file_fault(&error, file, name));
                None
            }
        }
    }

    fn add(&mut self, values: indexmap::IndexMap<String, (String, FileId)>) {
        for (name, (value, file)) in values {
            if self.environment.get(&name).is_none() {
                self.environment.set(name.as_str(), value);
                self.from.insert(name, file);
            }
        }
    }
}

/// The files in order: `-f`, else `COMPOSE_FILE`, else what lies in this directory or above.
fn file_list(given: &Given, environment: &Environment, sink: &mut Sink) -> Option<Vec<PathBuf>> {
    let locate =
        |file: &str| if file == "-" { PathBuf::from("-") } else { absolute(&given.cwd, Path::new(file)) };
    if !given.files.is_empty() {
        list::without_blanks(&given.files, "-f", sink)?;
        return Some(given.files.iter().map(|file| locate(file)).collect());
    }
    if let Some(value) = environment.get("COMPOSE_FILE") {
        let separator =
            environment.get("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).unwrap_or(":");
        let names: Vec<String> = value.split(separator).map(str::to_owned).collect();
        list::without_blanks(&names, "COMPOSE_FILE", sink)?;
        return Some(names.iter().map(|file| locate(file)).collect());
    }
    let start = match &given.project_directory {
        Some(directory) => absolute(&given.cwd, directory),
        None => given.cwd.clone(),
    };
    for directory in start.ancestors() {
        let present = |names: &[&str]| -> Vec<PathBuf> {
            names.iter().map(|name| directory.join(name)).filter(|path| path.exists()).collect()
        };
        let found = present(&MAIN);
        let Some(main) = found.first() else { continue };
        let mut files = vec![main.clone()];
        warn_ambiguous(&found, "config", sink);
        let overrides = present(&OVERRIDE);
        warn_ambiguous(&overrides, "override", sink);
        files.extend(overrides.into_iter().next());
        return Some(files);
    }
    sink.push(Finding::error(Code::NoComposeFile, "no configuration file provided: not found").help(
        format!("Looked for {} in {} and above. Name a file with -f.", MAIN.join(", "), start.display()),
    ));
    None
}

fn warn_ambiguous(found: &[PathBuf], what: &str, sink: &mut Sink) {
    if let [first, _, ..] = found {
        let names: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
        sink.push(Finding::warning(
            Code::FileListInvalid,
            format!("Found multiple {what} files with supported names: {}", names.join(", ")),
        ));
        sink.push(Finding::warning(Code::FileListInvalid, format!("Using {}", first.display())));
    }
}
