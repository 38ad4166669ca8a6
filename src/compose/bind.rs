//! Whether the engine makes a missing source of a bind mount.

use crate::reader::{Habit, Reader};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

const KEY: &str = "create_host_path";

/// Whether the engine makes the source of a bind mount of the model, which is as `reader` prints it, where it is
/// missing. A version leaves the key out of its print for one of the two values. Without `bind:`, every version of
/// Compose has it made.
pub fn creates_source(mount: &Node, reader: Reader) -> bool {
    mount.get("bind").is_none_or(|bind| {
        bind.get(KEY).and_then(Node::as_bool).unwrap_or_else(|| reader.has(Habit::BindFalsePrinted))
    })
}

/// Writes out whether the engine makes the source of a bind mount where it is missing. Versions of Compose differ
/// in what they take a mount to mean that does not say it.
pub fn say_whether_created(mount: &mut Node, creates: bool) {
    let Some(map) = mount.as_map_mut() else { return };
    let at = Origin::Default("create_host_path");
    if map.get("bind").and_then(Node::as_map).is_none() {
        map.put("bind", Node::map(Mapping::new(), at));
    }
    if let Some(bind) = map.get_mut("bind").and_then(Node::as_map_mut) {
        bind.put(KEY, Node::new(Value::Bool(creates), at));
    }
}

/// The bind mounts of all services below `root`.
pub fn bind_mounts(root: &mut Node) -> impl Iterator<Item = &mut Node> {
    let services = root.get_mut("services").and_then(Node::as_map_mut);
    let services = services.into_iter().flat_map(Mapping::iter_mut);
    services
        .filter_map(|(_, service)| service.get_mut("volumes").and_then(Node::as_seq_mut))
        .flatten()
        .filter(|mount| mount.get("type").and_then(Node::as_str) == Some("bind"))
}

/// Writes out, for every bind mount with `bind:` of a model as `reader` prints it, whether its source is made. One
/// without `bind:` means the same to all versions, and adding it would change the service's hash.
pub fn write_out(root: &mut Node, reader: Reader) {
    for mount in bind_mounts(root).filter(|mount| mount.get("bind").is_some()) {
        let creates = creates_source(mount, reader);
        say_whether_created(mount, creates);
    }
}

/// Brings the bind mounts of a model as `reader` prints it into the form of the oldest version, so that what means the
/// same to both is the same.
pub fn print_as_oldest(root: &mut Node, reader: Reader) {
    if !reader.has(Habit::BindFalsePrinted) {
        return;
    }
    for bind in bind_mounts(root).filter_map(|mount| mount.get_mut("bind").and_then(Node::as_map_mut)) {
        match bind.get(KEY).map(Node::as_bool) {
            None => {
                bind.put(KEY, Node::new(Value::Bool(true), Origin::Default("create_host_path")));
            }
            Some(Some(false)) => {
                bind.remove(KEY);
            }
            // An expression, which is what it is.
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse};

    fn mount(text: &str) -> Node {
        parse(FileId(0), text, Limits::default()).unwrap().remove(0).root
    }

    #[test]
    fn a_mount_that_does_not_say_it_means_what_its_reader_does_not_print() {
        let (old, new) = (Reader::new(2, 40, 3), Reader::new(5, 0, 0));
        for (text, wanted) in [
            ("{type: bind}", [true, true]),
            ("{type: bind, bind: {}}", [false, true]),
            ("{type: bind, bind: {propagation: rslave}}", [false, true]),
            ("{type: bind, bind: {create_host_path: true}}", [true, true]),
            ("{type: bind, bind: {create_host_path: false}}", [false, false]),
        ] {
            let found = [old, new].map(|reader| creates_source(&mount(text), reader));
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn in_the_form_of_the_oldest_version_true_is_said_and_false_is_not() {
        for (text, wanted) in [
            ("{}", "{create_host_path: true}"),
            ("{create_host_path: false}", "{}"),
            ("{create_host_path: '${MADE}'}", "{create_host_path: '${MADE}'}"),
        ] {
            let of =
                |bind: &str| mount(&format!("services: {{a: {{volumes: [{{type: bind, bind: {bind}}}]}}}}"));
            let mut root = of(text);
            print_as_oldest(&mut root, Reader::NEWEST);
            assert!(root.same(&of(wanted)), "{text}");
            let mut root = of(text);
            print_as_oldest(&mut root, Reader::OLDEST);
            assert!(root.same(&of(text)), "{text}");
        }
    }

    #[test]
    fn a_mount_without_options_stays_as_it_is() {
        let mut root = mount("services: {a: {volumes: [{type: bind, source: /x}]}}");
        let before = root.clone();
        write_out(&mut root, Reader::NEWEST);
        assert!(root.same(&before));
    }

    #[test]
    fn the_print_of_each_version_means_the_same() {
        for (reader, text, wanted) in [
            (Reader::new(2, 40, 3), "{}", false),
            (Reader::new(2, 40, 3), "{create_host_path: true}", true),
            (Reader::new(5, 5, 0), "{}", true),
            (Reader::new(5, 5, 0), "{create_host_path: false}", false),
        ] {
            let mut root = mount(&format!("services: {{a: {{volumes: [{{type: bind, bind: {text}}}]}}}}"));
            write_out(&mut root, reader);
            let said = bind_mounts(&mut root).next().unwrap().at(&["bind", KEY]).and_then(Node::as_bool);
            assert_eq!(said, Some(wanted), "{reader} {text}");
        }
    }
}
