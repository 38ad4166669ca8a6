//! A drop-in `docker compose` that refuses to launch a project that is half-assembled, weaker than
//! its declared posture, or about to write as the wrong user.
//!
//! Data goes one way: `cli → project → compose → policy → ownership → plan → render → prepare →
//! launch`, over the foundations `source`, `yaml`, `diagnostic`, `host` and `engine`.

pub mod compose;
pub mod diagnostic;
pub mod host;
pub mod policy;
pub mod project;
pub mod source;
pub mod yaml;

pub fn run() -> i32 {
    use std::io::Write;
    let mut given = project::Given::default();
    given.environment = project::Environment::new(std::env::vars());
    given.cwd = std::path::PathBuf::from(std::env::var("PWD").unwrap_or_default());
    let mut sel = compose::Selection::default();
    let mut a = std::env::args().skip(1);
    let mut json = false;
    while let Some(x) = a.next() {
        match x.as_str() {
            "-f" => given.files.push(a.next().unwrap_or_default()),
            "--profile" => sel.profiles.push(a.next().unwrap_or_default()),
            "--format" => json = a.next().as_deref() == Some("json"),
            _ => {}
        }
    }
    let mut inputs = project::Inputs::default();
    let mut sink = diagnostic::Sink::new();
    let out = (|| {
        let p = project::discover(&given, &mut inputs, &mut sink)?;
        let layers = compose::parse(&p, &inputs, &mut sink)?;
        let m = compose::load(&p, layers, compose::Phases::default(), &sel, &mut inputs, &mut sink)?;
        m.select(&sel, &mut inputs, &mut sink)
    })();
    let _ = diagnostic::write_findings(&mut std::io::stderr(), sink.findings(), inputs.sources(), diagnostic::Screen { colour: false, width: 100 });
    match out {
        Some(m) => {
            let t = compose::output::render(&m.root, if json { compose::output::Format::Json } else { compose::output::Format::Yaml });
            let _ = std::io::stdout().write_all(t.as_bytes());
            0
        }
        None => 78,
    }
}
