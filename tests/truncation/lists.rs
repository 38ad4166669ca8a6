//! Every beginning and every order of a list of files.

use std::fs;

use seaworthy::compose::text;
use seaworthy::project;
use seaworthy::yaml::{Mapping, Node, Tag};

use crate::launch::{Example, examples, given, launch, launch_given};

/// The base and its overlays, as they would be given by hand, and a file of the user's own.
fn list(example: &Example) -> Vec<String> {
    fs::write(example.path().join("extra.yaml"), "x-extra: 1\nservices: {}\n").unwrap();
    let mut files = vec!["compose.yaml".to_owned()];
    files.extend(example.overlays());
    files.push("extra.yaml".to_owned());
    files
}

/// Every leaf of an overlay, as the model with the whole list has it. This does not use what judges.
fn holds(overlay: &Node, model: &Node, whole: &Node) -> Result<usize, String> {
    let mut leaves = 0;
    for section in ["services", "networks", "volumes"] {
        for (name, entry) in overlay.get(section).and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
            let members = whole.get(section).and_then(Node::as_map).into_iter().flat_map(Mapping::keys);
            for member in members.filter(|member| name == "*" || name == *member) {
                for (key, value) in entry.as_map().into_iter().flat_map(Mapping::iter) {
                    let path = [section, member, key];
                    let found = model.at(&path);
                    if value.tag == Some(Tag::Reset) || found.is_none() && model.at(&path[..2]).is_none() {
                        continue;
                    }
                    leaves += 1;
                    if found.map(text) != whole.at(&path).map(text) {
                        return Err(format!("{} is {:?}", path.join("."), found.map(text)));
                    }
                }
            }
        }
    }
    Ok(leaves)
}

fn overlays(example: &Example) -> Vec<Node> {
    let parse = |name: &String| {
        let text = fs::read_to_string(example.path().join(name)).unwrap();
        let limits = seaworthy::yaml::Limits::default();
        seaworthy::yaml::parse(seaworthy::source::FileId(0), &text, limits).unwrap().remove(0).root
    };
    example.overlays().iter().map(parse).collect()
}

#[test]
fn every_beginning_and_every_order_of_the_list_of_an_example() {
    for example in examples() {
        let files = list(&example);
        let whole = launch(example.path(), &files).unwrap();
        let overlays = overlays(&example);
        let (mut lists, mut refused, mut leaves) = (0, 0, 0);
        for order in permutations(&files) {
            for length in 1..=order.len() {
                lists += 1;
                match launch(example.path(), &order[..length]) {
                    Err(_) => refused += 1,
                    Ok(model) => {
                        for overlay in &overlays {
                            let held = holds(overlay, &model, &whole);
                            leaves += held.unwrap_or_else(|error| panic!("{:?}: {error}", &order[..length]));
                        }
                    }
                }
            }
        }
        println!(
            "{}: {lists} lists, {refused} refused, {} launched with every assertion ({leaves} leaves compared)",
            example.name,
            lists - refused
        );
        assert!(refused > 0 && refused < lists && leaves > 0);
    }
}

#[test]
fn every_beginning_and_every_order_of_a_list_that_is_written_down() {
    for example in examples() {
        let files = list(&example);
        let policy = example.path().join("seaworthy.yaml");
        let before = fs::read_to_string(&policy).unwrap();
        fs::write(&policy, before.replace("...\n", "files: [compose.yaml, extra.yaml]\n...\n")).unwrap();
        let whole = launch(example.path(), &files).unwrap();
        let (mut lists, mut refused) = (0, 0);
        for order in permutations(&files) {
            for length in 0..=order.len() {
                let given = &order[..length];
                lists += 1;
                match launch(example.path(), given) {
                    Err(_) => refused += 1,
                    Ok(model) => assert!(model.same(&whole), "{given:?}"),
                }
            }
        }
        println!(
            "{}: {lists} lists, {refused} refused, {} equal to the whole",
            example.name,
            lists - refused
        );
    }
}

#[test]
fn every_cut_of_a_sealed_list() {
    for example in examples() {
        let files = list(&example);
        let text = format!("{}\n# seaworthy: {} files\n", files.join("\n"), files.len());
        let run = |text: &str| {
            fs::write(example.path().join("list"), text).unwrap();
            launch_given(&project::Given { files_from: Some("list".to_owned()), ..given(example.path()) })
        };
        let whole = run(&text).unwrap();
        assert!(whole.same(&launch(example.path(), &files).unwrap()));
        for at in 0..text.len() {
            assert!(run(&text[..at]).is_err(), "{:?}", &text[..at]);
        }
        println!("{}: {} cuts of the sealed list, all refused", example.name, text.len());
    }
}

fn permutations(items: &[String]) -> Vec<Vec<String>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(at);
        for mut tail in permutations(&rest) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}
