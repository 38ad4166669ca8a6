//! `config`: the model as `docker compose config` prints it.

use crate::cli::{ConfigOptions, Request};
use crate::compose::Phases;
use crate::compose::output::{self, Format};
use crate::diagnostic::Exit;

use super::session::Session;

pub fn run(request: &Request, options: &ConfigOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let rendered = render(&mut session, options);
    let exit = session.report();
    match rendered {
        Some(text) if !options.quiet => super::print(text.as_bytes()),
        Some(_) => Ok(Exit::Done),
        None => Err(exit),
    }
}

fn render(session: &mut Session<'_>, options: &ConfigOptions) -> Option<String> {
    let format = match options.format.as_deref() {
        Some("json") => Format::Json,
        _ => Format::Yaml,
    };
    let phases = Phases {
        interpolate: true,
        normalize: !options.no_normalize && !session.request.global.compatibility,
        resolve_paths: !options.no_path_resolution,
        consistency: !options.no_consistency,
    };
    let selection = session.selection(&options.selection);
    let project = session.discover()?;
    let layers = session.layers(&project)?;
    let model = session.load(&project, layers, phases, &selection)?;
    let selected = model.select(&selection, &mut session.inputs, &mut session.sink)?;
    Some(output::render(&selected.root, format))
}
