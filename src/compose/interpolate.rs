//! `${…}` in every string value of a document, and the casts that follow.

use crate::diagnostic::{Code, Finding, Sink};
use crate::project::Environment;
use crate::project::template::{self, Expansion, Fault, TemplateError, Used};
use crate::reader::Reader;
use crate::source::{Origin, SourceMap, Span};
use crate::yaml::{Node, Path, Segment, Tag, Value};

use super::budget::Budget;
use super::decode::old_boolean;
use super::expression;
use super::plain;
use super::short::{boolean, integer};
use super::table::{Cast, Spec};

/// Replaces variables below `node` and converts what the table says is no string. With `only_cast`
/// nothing is replaced.
pub struct Interpolation<'a> {
    /// The version that reads.
    pub reader: Reader,
    pub environment: &'a Environment,
    pub sources: &'a SourceMap,
    pub budget: &'a Budget,
    /// Expressions stay as they are written, but where they decide what is read.
    pub keeps: bool,
}

impl Interpolation<'_> {
    pub fn apply(&self, node: &mut Node, spec: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) {
        match &mut node.value {
            Value::Map(map) => {
                for (key, child) in map.keyed_mut() {
                    let spec = spec.and_then(|spec| spec.child_at(key, self.reader));
                    self.apply(child, spec, &path.key(key.text), sink);
                }
            }
            Value::Seq(items) => {
                let spec = spec.and_then(Spec::item);
                for (at, item) in items.iter_mut().enumerate() {
                    self.apply(item, spec, &path.index(at), sink);
                }
            }
            Value::String(_) => self.scalar(node, spec, path, sink),
            _ => {}
        }
    }

    fn scalar(&self, node: &mut Node, spec: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) {
        let origin = node.origin;
        if self.keeps && !names_a_file(path) {
            if let Value::String(text) = &mut node.value
                && text.contains(['$', '\u{E000}'])
            {
                match expression::keep(text) {
                    Ok(kept) => *text = kept.into(),
                    Err(error) => {
                        sink.push(self.fault(&error, origin, path));
                        node.tag = Some(Tag::Fault);
                    }
                }
                if expression::is_kept(text) {
                    return;
                }
            }
        } else if let Value::String(text) = &mut node.value
            && text.contains('$')
        {
            match self.expand(text) {
                Ok(expansion) => {
                    for Used { name, .. } in &expansion.unset {
                        sink.push(
                            Finding::warning(
                                Code::VariableUnset,
                                format!("The {name:?} variable is not set. Defaulting to a blank string."),
                            )
                            .at_origin(self.narrow(origin, name), "blank here")
                            .help(format!("Set {name}, or give it a default: ${{{name}:-}}.")),
                        );
                    }
                    if self.budget.overgrown() {
                        return;
                    }
                    if !self.budget.growth(expansion.text.len()) {
                        sink.push(Budget::overgrowth(&format!("{path}:"), origin));
                        return;
                    }
                    *text = expansion.text.into();
                }
                Err(error) => {
                    sink.push(self.fault(&error, origin, path));
                    node.tag = Some(Tag::Fault);
                    return;
                }
            }
        }
        if let Some(cast) = spec.and_then(|spec| spec.cast)
            && let Value::String(text) = &node.value
        {
            match convert(text, cast) {
                Ok((value, warning)) => {
                    if let Some(warning) = warning {
                        sink.push(old_boolean(warning, origin));
                    }
                    node.value = value;
                }
                Err(message) => {
                    sink.push(plain::finding(
                        Code::ComposeType,
                        path,
                        &message,
                        origin,
                        "cannot be converted",
                    ));
                    node.tag = Some(Tag::Fault);
                }
            }
        }
    }

    fn expand(&self, text: &str) -> Result<Expansion, TemplateError> {
        let mut absent: Vec<String> = Vec::new();
        loop {
            let lookup = |name: &str| {
                let stand_in =
                    self.environment.placeholder().filter(|_| absent.iter().any(|other| other == name));
                stand_in.or_else(|| self.environment.get(name)).map(str::to_owned)
            };
            match template::expand_as(self.reader, text, &lookup) {
                Err(TemplateError { fault: Fault::Required { name, .. }, .. })
                    if self.environment.placeholder().is_some() && !absent.contains(&name) =>
                {
                    absent.push(name);
                }
                done => return done,
            }
        }
    }

    fn fault(&self, error: &TemplateError, origin: Origin, path: &Path<'_>) -> Finding {
        match &error.fault {
            Fault::Required { name, message } => {
                let at = self.narrow(origin, name);
                let text = match message {
                    Some(message) if !message.is_empty() => {
                        format!("required variable {name} is missing a value: {message}")
                    }
                    _ => format!("required variable {name} is missing a value"),
                };
                Finding::error(Code::VariableRequired, text)
                    .at_origin(at, format!("needed for {path}"))
                    .help(format!("Set {name} in the environment or in an env file."))
            }
            Fault::Limit { message } => {
                Finding::error(Code::InterpolationSyntax, format!("{path}: {message}"))
                    .at_origin(origin, "cannot be interpolated")
            }
            Fault::Syntax { text } => Finding::error(
                Code::InterpolationSyntax,
                format!("{path} has a malformed expression: {text}"),
            )
            .at_origin(origin, "cannot be interpolated")
            .help(match unclosed(text) {
                Some(closed) => {
                    format!("Close it: {closed}. Or write $$ where a dollar sign is meant literally.")
                }
                None => "Write $$ where a dollar sign is meant literally.".to_owned(),
            }),
        }
    }

    /// The place of `name` inside the scalar, where it is written there once.
    fn narrow(&self, origin: Origin, name: &str) -> Origin {
        let Origin::Source(span) = origin else { return origin };
        let text = self.sources.text(span);
        let found = text.match_indices(name).find(|(at, _)| {
            let before = text.get(..*at).unwrap_or_default();
            before.ends_with('$') || before.ends_with("${")
        });
        match found {
            Some((at, _)) => {
                let start = span.start as usize + at;
                Origin::Source(Span::new(span.file, start, start + name.len()))
            }
            None => origin,
        }
    }
}

/// Whether a value says what else is read: `include`, `services.NAME.extends`.
fn names_a_file(path: &Path<'_>) -> bool {
    matches!(
        path.segments().as_slice(),
        [Segment::Key("include"), ..] | [Segment::Key("services"), _, Segment::Key("extends"), ..]
    )
}

/// The converted value, and what Compose warns of where the word is an old-style boolean.
fn convert(text: &str, cast: Cast) -> Result<(Value, Option<String>), String> {
    match cast {
        Cast::Bool => boolean::parse(text).map(|parsed| (Value::Bool(parsed.value), parsed.warning(text))),
        Cast::Int => integer::atoi(text).map(|number| (Value::Int(number), None)),
        Cast::Float => integer::parse_float(text).map(|number| (Value::Float(number), None)),
    }
}

/// An expression at the end that only lacks its brace, with it.
fn unclosed(text: &str) -> Option<String> {
    let (_, inside) = text.rsplit_once("${")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = inside.trim_end();
    (!name.is_empty() && name.chars().all(is_name)).then(|| format!("${{{name}}}"))
}
