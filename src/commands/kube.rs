//! `kube`: the verified project as manifests for Kubernetes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::{KubeOptions, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Options;
use crate::host::{Birth, Dir, write_atomic};
use crate::reach::kube::{Question, Rendered, Version, file_name, head, is_size, render, text};
use crate::run::decide::Images;
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::session::{Session, current_directory};
use crate::run::verify::{Verified, verify};
use crate::run::{pass, print};
use crate::source::SourceMap;

pub fn run(request: &Request, options: &KubeOptions) -> Result<Exit, Exit> {
    let version: Version = options.version.parse().map_err(usage)?;
    if !is_size(&options.volume_size) {
        return Err(usage(format!("{:?} is no size: write 1Gi or 500Mi", options.volume_size)));
    }
    let mut session = Session::new(request);
    // Nothing of it runs on this machine's disk.
    session.skips_host = true;
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..pass::options(request) });
    let Some(verified) = verify(&mut session, &options.services, &engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    let rendered = rendered(&mut session, &verified, options, version);
    if session.sink.has_errors() {
        return Err(session.report());
    }
    session.warn()?;
    let sources = options.source.then(|| session.inputs.sources());
    match &options.output {
        None => print(whole(&rendered, sources).as_bytes()),
        Some(directory) => {
            let directory = current_directory().join(directory);
            let files = files(&rendered, sources, options.with_secrets);
            if request.global.dry_run {
                return print(listed(&directory, &files, "would be written").as_bytes());
            }
            write(&directory, &files).map_err(pass::refuse)?;
            print(listed(&directory, &files, "written").as_bytes())
        }
    }
}

fn usage(message: String) -> Exit {
    pass::refuse(Finding::error(Code::Usage, message).help("See `seaworthy kube --help`."))
}

fn rendered(
    session: &mut Session<'_>,
    verified: &Verified,
    options: &KubeOptions,
    version: Version,
) -> Rendered {
    let mut rendered = render(&Question {
        model: &verified.selected,
        users: &verified.users,
        policy: verified.policy.as_ref(),
        version,
        namespace: options.namespace.as_deref(),
        volume_size: &options.volume_size,
        with_secrets: options.with_secrets || session.request.global.show_values,
    });
    session.sink.extend(std::mem::take(&mut rendered.findings));
    rendered
}

/// All objects as one stream of documents.
fn whole(rendered: &Rendered, sources: Option<&SourceMap>) -> String {
    let documents: Vec<String> = rendered.objects.iter().map(|object| text(object, sources)).collect();
    format!("{}---\n{}", head(rendered), documents.join("---\n"))
}

/// A file to be written.
struct File {
    name: String,
    text: String,
    mode: u32,
}

fn files(rendered: &Rendered, sources: Option<&SourceMap>, with_secrets: bool) -> Vec<File> {
    let of = |(at, object): (usize, &crate::reach::kube::Object)| {
        let head = if at == 0 { head(rendered) + "---\n" } else { String::new() };
        let mode = if with_secrets { 0o600 } else { 0o644 };
        File { name: file_name(object), text: head + &text(object, sources), mode }
    };
    rendered.objects.iter().enumerate().map(of).collect()
}

fn listed(directory: &Path, files: &[File], done: &str) -> String {
    format!("{} files {done} to {}\n", files.len(), directory.display())
}

/// Writes the files, each whole or not at all. What else lies in the directory would be applied with them.
fn write(directory: &Path, files: &[File]) -> Result<(), Finding> {
    let failed = |error: String| Finding::error(Code::PrepareFailed, error);
    let help = "Name a directory that you may write, and whose parent exists.";
    let opened = open(directory).map_err(|error| failed(error).help(help))?;
    let known = |name: &OsString| files.iter().any(|file| name.to_str() == Some(file.name.as_str()));
    let there = opened.names_in().map_err(|error| failed(error.to_string()).help(help))?;
    let strange: Vec<String> =
        there.iter().filter(|name| !known(name)).map(|name| name.to_string_lossy().into_owned()).collect();
    if let Some(first) = strange.first() {
        let message = format!(
            "{} has {} that this rendering does not have, first {first}",
            directory.display(),
            if strange.len() == 1 { "a file".to_owned() } else { format!("{} files", strange.len()) }
        );
        return Err(
            failed(message).help("They would be applied with it: remove them, or name an empty directory.")
        );
    }
    for file in files {
        write_atomic(&directory.join(&file.name), file.text.as_bytes(), file.mode)
            .map_err(|error| failed(error.to_string()).help(help))?;
    }
    Ok(())
}

/// The directory, which is made where only it is missing.
fn open(directory: &Path) -> Result<Dir, String> {
    let parent = directory.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let birth = Birth { mode: 0o755, owner: None, as_owner: false };
    match directory.file_name() {
        None => Dir::open(directory),
        Some(name) => Dir::open(&parent)
            .and_then(|parent| parent.create_directories(Path::new(name), &birth, &mut Vec::new())),
    }
    .map_err(|error| error.to_string())
}
