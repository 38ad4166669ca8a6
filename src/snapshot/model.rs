//! The model without anything of this host, and without secrets.

use std::path::Path as FsPath;

use crate::compose::output::{Format, arrange_owned};
use crate::compose::table::{Decode, Map, PROJECT, PathRule, Spec};
use crate::compose::{as_written, begins_with_expression};
use crate::model::{mount, port};
use crate::redact::{self, names_secret};
use crate::yaml::{Mapping, Node, Path, Text, Value, spread};

/// What must not stand in a path.
#[derive(Clone, Copy, Debug)]
pub struct Places<'p> {
    /// Absolute.
    pub project: &'p FsPath,
    pub home: Option<&'p FsPath>,
}

/// The model as `compose::load_written` gives it, in its final form.
pub fn portable(mut model: Node, places: &Places<'_>) -> Node {
    for (key, section) in model.as_map_mut().into_iter().flat_map(Mapping::iter_mut) {
        let spec = PROJECT.child(key);
        match &mut section.value {
            Value::Map(services) if key == "services" => {
                spread::values(services, &Path::ROOT.key(key), |service, path| {
                    let name = path.last_key().unwrap_or_default();
                    settle(service);
                    finish(service, spec.and_then(|spec| spec.child(name)), name, places);
                });
            }
            _ => finish(section, spec, if spec.is_some() { "" } else { key }, places),
        }
    }
    arrange_owned(model, Some(&PROJECT), Format::Yaml, &Path::ROOT)
}

/// What is common to everything in the model.
fn finish(node: &mut Node, spec: Option<&Spec>, name: &str, places: &Places<'_>) {
    if spec.is_some_and(|spec| spec.work().paths) {
        localise(node, spec, places);
    }
    clean_model(node, spec, name);
}

/// A service without short forms.
fn settle(service: &mut Node) {
    for port in port::PORTS.items_mut(service) {
        split_port(port);
    }
    for mount in mount::VOLUMES.items_mut(service) {
        settle_mount(mount);
    }
}

/// `IP:PUBLISHED:TARGET/PROTOCOL` with expressions in it.
fn split_port(port: &mut Node) {
    let origin = port.origin;
    let Some(text) = port.as_str() else { return };
    let (rest, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    let (rest, target) = rest.rsplit_once(':').unwrap_or(("", rest));
    let (host_ip, published) = rest.rsplit_once(':').unwrap_or(("", rest));
    let mut map = Mapping::new();
    map.put("mode", Node::string("ingress", origin));
    let mut put = |key: &str, text: &str| {
        if !text.is_empty() {
            map.put(key, Node::string(text, origin));
        }
    };
    put("host_ip", host_ip.trim_matches(['[', ']']));
    put("target", target);
    put("published", published);
    put("protocol", protocol);
    if let Some(target) = map.get_mut("target")
        && let Some(number) = target.as_str().and_then(|text| text.parse().ok())
    {
        target.value = Value::Int(number);
    }
    *port = Node::map(map, origin);
}

/// Whether an expression names a volume or a path is for its value to say.
fn settle_mount(mount: &mut Node) {
    let open = mount::SOURCE.str(mount).is_some_and(begins_with_expression);
    if !open || mount::TYPE.str(mount) != Some("volume") {
        return;
    }
    mount::TYPE.remove(mount);
    if let Some(map) = mount.as_map_mut() {
        map.retain(|key, value| key != "volume" || value.as_map().is_some_and(|map| !map.is_empty()));
    }
}

/// Paths below the project as the project sees them, those below the user's home from `~`.
fn localise(node: &mut Node, spec: Option<&Spec>, places: &Places<'_>) {
    let is_bind = mount::TYPE.str(node) == Some("bind");
    match &mut node.value {
        Value::Map(map) => {
            for (key, child) in map.iter_mut() {
                let spec = spec.and_then(|spec| spec.child(key));
                match (spec.and_then(|spec| spec.path), &mut child.value) {
                    (Some(PathRule::BindSource), Value::String(text)) if is_bind => {
                        *text = local(text, places).into();
                        let named = !text.is_empty() && !begins_with_expression(text);
                        if named && !text.starts_with(['/', '.', '~']) {
                            text.insert_str(0, "./");
                        }
                    }
                    (Some(PathRule::BindSource), _) => {}
                    (Some(_), Value::String(text)) => *text = local(text, places).into(),
                    (Some(PathRule::VolumeDevice), Value::Map(options)) => {
                        if let Some(Value::String(text)) =
                            options.get_mut("device").map(|node| &mut node.value)
                        {
                            *text = local(text, places).into();
                        }
                    }
                    _ if spec.is_some_and(|spec| spec.work().paths) => localise(child, spec, places),
                    _ => {}
                }
            }
        }
        Value::Seq(items) => {
            let spec = spec.and_then(Spec::item);
            items.iter_mut().for_each(|item| localise(item, spec, places));
        }
        _ => {}
    }
}

fn local(text: &str, places: &Places<'_>) -> String {
    let path = FsPath::new(text);
    if let Ok(inside) = path.strip_prefix(places.project) {
        return if inside.as_os_str().is_empty() {
            ".".to_owned()
        } else {
            format!("./{}", inside.display())
        };
    }
    // Everybody has the same root, and it is nobody's name.
    let personal = |home: &&FsPath| home.parent().is_some_and(|parent| parent != FsPath::new("/"));
    if let Some(home) = places.home.filter(personal)
        && let Ok(inside) = path.strip_prefix(home)
    {
        return if inside.as_os_str().is_empty() {
            "~".to_owned()
        } else {
            format!("~/{}", inside.display())
        };
    }
    text.to_owned()
}

/// Expressions as they were written, credentials out. Where keys are the author's own, they name what
/// they hold.
fn clean_model(node: &mut Node, spec: Option<&Spec>, name: &str) {
    match &mut node.value {
        Value::Map(map) => {
            let known = spec
                .is_some_and(|spec| matches!(spec.map, Some(Map::Object(_))) && spec.decode != Decode::Raw);
            for (key, child) in map.iter_mut() {
                let child_spec = spec.and_then(|spec| spec.child(key));
                let fixed = known && child_spec.is_some();
                clean_model(child, child_spec, if fixed { "" } else { key });
            }
        }
        Value::Seq(items) => {
            let item = spec.and_then(Spec::item);
            clean_items(items, name, |node, name| clean_model(node, item, name));
        }
        Value::String(text) if redact::is_plain(name, text) => {}
        Value::String(text) => {
            let written = as_written(text);
            let clean = redact::written(name, &written);
            if *clean != **text {
                *text = Text::from(clean);
            }
        }
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => clean_number(node, name),
        _ => {}
    }
}

/// The same for a tree of which every key is the author's, such as a policy.
pub fn clean(node: &mut Node, name: &str) {
    match &mut node.value {
        Value::Map(map) => map.iter_mut().for_each(|(key, child)| clean(child, key)),
        Value::Seq(items) => clean_items(items, name, clean),
        Value::String(text) => *text = redact::written(name, text).into_owned().into(),
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => clean_number(node, name),
        _ => {}
    }
}

/// The words of a command: what follows `--password` is one.
fn clean_items(items: &mut [Node], name: &str, clean: impl Fn(&mut Node, &str)) {
    let mut flag: Option<String> = None;
    for item in items {
        let text = item.as_str();
        let is_value = text.is_some_and(|text| !text.starts_with('-'));
        let next = text.and_then(|text| text.strip_prefix("--")).filter(|next| names_secret(next));
        let next = next.map(str::to_owned);
        clean(item, flag.as_deref().filter(|_| is_value).unwrap_or(name));
        flag = next;
    }
}

/// A number under a secret name is a password of digits.
fn clean_number(node: &mut Node, name: &str) {
    if names_secret(name) {
        let text = crate::compose::text(node);
        if let std::borrow::Cow::Owned(clean) = redact::written(name, &text) {
            node.value = Value::String(clean.into());
        }
    }
}
