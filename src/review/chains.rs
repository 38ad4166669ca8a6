//! Working chains out of the record of a load and the model that came of it.

use std::collections::{HashMap, HashSet};

use crate::compose::table::Map;
use crate::compose::trace::{Contribution, How};
use crate::compose::{Trace, text};
use crate::project::Project;
use crate::source::{FileId, Origin, SourceMap, Span};
use crate::yaml::{Node, Tag, Value};

use super::chain::{Chain, Did, Event};
use super::place::{Place, Segment};
use super::variables::{Used, Variables};

/// Works out chains.
pub struct Chains<'a> {
    model: &'a Node,
    trace: &'a Trace,
    sources: &'a SourceMap,
    variables: Variables<'a>,
    documents: HashSet<FileId>,
    lines: HashMap<FileId, Vec<usize>>,
    /// As people know the files.
    names: HashMap<FileId, String>,
}

impl<'a> Chains<'a> {
    pub fn new(model: &'a Node, trace: &'a Trace, project: &'a Project, sources: &'a SourceMap) -> Self {
        let starts = |text: &str| -> Vec<usize> {
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        };
        Self {
            model,
            trace,
            sources,
            variables: Variables::new(project, trace, sources),
            documents: trace.contributions.iter().map(|contribution| contribution.file).collect(),
            lines: sources.entries().map(|(id, file)| (id, starts(&file.text))).collect(),
            names: sources.entries().map(|(id, file)| (id, short(&file.name, project))).collect(),
        }
    }

    pub fn model(&self) -> &'a Node {
        self.model
    }

    /// `file:line`, by a table of lines: many are asked for.
    pub fn line(&self, span: Span) -> String {
        let name = self.names.get(&span.file).map_or("?", String::as_str);
        let line = self
            .lines
            .get(&span.file)
            .map_or(1, |starts| starts.partition_point(|start| *start <= span.start as usize));
        format!("{name}:{line}")
    }

    /// `file:line:column`.
    pub fn position(&self, span: Span) -> String {
        let name = self.names.get(&span.file).map_or("?", String::as_str);
        format!("{name}:{}", self.sources.position(span))
    }

    /// Every place that a path means: of the model first, then of what documents said in vain.
    pub fn find(&self, path: &str) -> Vec<Place> {
        let mut places = super::place::find(path, self.model);
        self.fields(path, &mut places);
        for contribution in &self.trace.contributions {
            for place in super::place::find(path, &contribution.root) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            // What a document removes may stand nowhere else by now.
            if !path.contains('*') {
                let named: Vec<&str> = path.split('.').collect();
                for tag in contribution.tags.iter().filter(|tag| tag.segments == named) {
                    let place = Place(tag.segments.iter().cloned().map(Segment::Key).collect());
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
        places
    }

    /// Adds the places that may have this key of Compose's, but have not.
    fn fields(&self, path: &str, places: &mut Vec<Place>) {
        let Some((above, key)) = path.rsplit_once('.') else { return };
        for above in super::place::find(above, self.model) {
            let object = above.spec().and_then(|spec| spec.map);
            let place = above.below(Segment::Key(key.to_owned()));
            if matches!(object, Some(Map::Object(object)) if object.field(key).is_some())
                && !places.contains(&place)
            {
                places.push(place);
            }
        }
    }

    pub fn chain(&self, place: Place) -> Chain<'a> {
        let value = place.at(self.model);
        let mut spans = HashSet::new();
        if let Some(value) = value {
            gather(value, &mut spans);
        }
        let mut events: Vec<Event> = Vec::new();
        for contribution in &self.trace.contributions {
            self.contribution(contribution, &place, &spans, &mut events);
        }
        self.last(&place, value, &mut events);
        Chain { place, value, events }
    }

    fn contribution(
        &self,
        contribution: &Contribution,
        place: &Place,
        spans: &HashSet<Span>,
        events: &mut Vec<Event>,
    ) {
        let tag = contribution.tags.iter().find(|tag| place.is_below(&tag.segments));
        let node = place.at(&contribution.root);
        if let Some(tag) = tag.filter(|tag| tag.tag == Tag::Reset) {
            events.push(Event {
                did: Did::Resets,
                place: tag.origin.span(),
                written: None,
                counts: true,
                note: None,
                variables: Vec::new(),
            });
        }
        let Some(node) = node else { return };
        let mut own = HashSet::new();
        gather(node, &mut own);
        let counts = own.iter().any(|span| spans.contains(span));
        let span = node.origin.span();
        let written = Some(self.written(node));
        let (did, remark) = match &contribution.how {
            How::Extended(service) => (Did::Extended, Some(format!("in the service {service}"))),
            _ if tag.is_some_and(|tag| tag.tag == Tag::Override) => (Did::Overrides, None),
            _ => {
                let did = match events.iter().rev().find(|event| event.written.is_some()) {
                    None => Did::Sets,
                    Some(before) if before.counts && counts && !is_scalar(node) => Did::Adds,
                    Some(before) if before.written == written => Did::Repeats,
                    Some(_) => Did::Replaces,
                };
                (did, (contribution.how == How::Included).then(|| "included".to_owned()))
            }
        };
        let variables = self.variables_in(node);
        events.push(Event { did, place: span, written, counts, note: remark, variables });
    }

    /// What happened after the last document.
    fn last(&self, place: &Place, value: Option<&Node>, events: &mut Vec<Event>) {
        let event =
            |did, place, note| Event { did, place, written: None, counts: true, note, variables: Vec::new() };
        let Some(value) = value else {
            if events.last().is_some_and(|event| event.did != Did::Resets) {
                let note = match place.0.last() {
                    Some(Segment::Key(key)) if key == "extends" => "the other service is merged in",
                    Some(Segment::Key(key)) if key == "env_file" => "read into the environment",
                    Some(Segment::Key(key)) if key == "label_file" => "read into the labels",
                    _ => "it says nothing to Compose",
                };
                events.push(event(Did::LeavesOut, None, Some(note.to_owned())));
            }
            return;
        };
        let explained = events.iter().any(|event| event.counts && event.written.is_some());
        match value.origin {
            Origin::Default(why) => events.push(event(Did::Defaults, None, Some(why.to_owned()))),
            Origin::CommandLine => {
                events.push(event(Did::Sets, None, Some("on the command line".to_owned())));
            }
            Origin::Policy(span) => {
                let note = span.is_none().then(|| "put there by the policy".to_owned());
                let written = span.map(|span| self.sources.text(span).to_owned());
                events.push(Event { written, ..event(Did::Policy, span, note) });
            }
            Origin::Environment => events.push(self.inherits(place)),
            Origin::Source(span) if !explained && !self.documents.contains(&span.file) => {
                events.push(event(Did::EnvFile, Some(span), None));
            }
            Origin::Source(span) if !explained => {
                let written = self.scalar(value).unwrap_or_else(|| one_line(self.sources.text(span)));
                let note = Some("follows from this".to_owned());
                events.push(Event { written: Some(written), ..event(Did::Sets, Some(span), note) });
                return;
            }
            Origin::Source(_) => {}
        }
        let last = events.iter().rev().find(|event| event.counts && event.written.is_some());
        let spec = place.spec();
        if let Some(Segment::Key(key)) = place.0.last()
            && place.is_pair()
            && last.is_some_and(|event| event.written.as_ref() == Some(key))
            && !value.is_null()
        {
            events.push(self.inherits(place));
            return;
        }
        if let (Some(span), true) = (last.and_then(|event| event.place), is_scalar(value))
            && last.is_some_and(|event| event.did != Did::Policy)
            && let Some(said) = self.said(place, span)
            && said != text(value)
        {
            let note = match spec {
                Some(spec) if spec.path.is_some() => "a path, from the directory that it is relative to",
                _ => "in the form that Compose gives it",
            };
            events.push(event(Did::Becomes, None, Some(note.to_owned())));
        }
    }

    /// A name without a value takes it from the environment.
    fn inherits(&self, place: &Place) -> Event {
        let name = match place.0.last() {
            Some(Segment::Key(name)) => name.as_str(),
            _ => "",
        };
        let used = Used { name: name.to_owned(), given: self.variables.given(name) };
        let (did, written, note) = (Did::Inherits, None, None);
        Event { did, place: None, written, counts: true, note, variables: vec![used] }
    }

    /// The text of the contribution at a place that was written there.
    fn said(&self, place: &Place, span: Span) -> Option<String> {
        let nodes = self.trace.contributions.iter().rev();
        let node = nodes
            .filter_map(|contribution| place.at(&contribution.root))
            .find(|node| node.origin.span() == Some(span))?;
        let whole = text(node);
        Some(match (place.0.last(), whole.split_once('=')) {
            // An element of a list that became an entry.
            (Some(Segment::Key(key)), Some((name, value))) if name == key && place.is_pair() => {
                value.to_owned()
            }
            _ => whole,
        })
    }

    /// A value in one line, as it is written: variables are not replaced.
    fn written(&self, node: &Node) -> String {
        match &node.value {
            Value::Map(map) if map.is_empty() => "{}".to_owned(),
            Value::Map(map) => match node.origin.span() {
                // A short form: what it stands for has its place.
                Some(span) if map.iter().all(|(_, child)| child.origin.span() == Some(span)) => {
                    self.scalar(node).unwrap_or_else(|| one_line(self.sources.text(span)))
                }
                _ => {
                    let fields = map.iter().map(|(key, child)| format!("{key}: {}", self.written(child)));
                    let fields: Vec<String> = fields.collect();
                    format!("{{{}}}", fields.join(", "))
                }
            },
            Value::Seq(items) => {
                let items: Vec<String> = items.iter().map(|item| self.written(item)).collect();
                format!("[{}]", items.join(", "))
            }
            _ => self.scalar(node).unwrap_or_else(|| text(node)),
        }
    }

    fn scalar(&self, node: &Node) -> Option<String> {
        self.trace.expressions.get(&node.origin.span()?).cloned()
    }

    fn variables_in(&self, node: &Node) -> Vec<Used> {
        let mut spans = HashSet::new();
        gather(node, &mut spans);
        let mut spans: Vec<Span> = spans.into_iter().collect();
        spans.sort();
        let mut used: Vec<Used> = Vec::new();
        for span in spans {
            for variable in
                self.trace.expressions.get(&span).map(|text| self.variables.of(text)).into_iter().flatten()
            {
                if !used.contains(&variable) {
                    used.push(variable);
                }
            }
        }
        used
    }
}

fn is_scalar(node: &Node) -> bool {
    !matches!(node.value, Value::Map(_) | Value::Seq(_))
}

/// A file of the project, as the project would name it.
fn short(name: &str, project: &Project) -> String {
    let inside = std::path::Path::new(name).strip_prefix(&project.directory).ok();
    inside.and_then(std::path::Path::to_str).unwrap_or(name).to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The places of the values below, without those of lists and mappings that have some.
fn gather(node: &Node, spans: &mut HashSet<Span>) {
    match &node.value {
        Value::Map(map) if !map.is_empty() => map.iter().for_each(|(_, child)| gather(child, spans)),
        Value::Seq(items) if !items.is_empty() => items.iter().for_each(|item| gather(item, spans)),
        _ => spans.extend(node.origin.span()),
    }
}
