//! Memory that is mounted: `tmpfs`, long and short, and `/dev/shm`.

use crate::compose::short::size;
use crate::compose::text;
use crate::model::place::clean;
use crate::model::{limits, mount};
use crate::yaml::Node;

use super::context::Context;
use super::mounts::Mounts;
use super::node::{Map, own, text as string};
use super::quantity;
use super::service::Service;

pub fn mount(context: &mut Context<'_>, service: &Service<'_>, mounts: &mut Mounts) {
    let short = match mount::TMPFS.node(service.node) {
        Some(node) => node.as_seq().unwrap_or_else(|| std::slice::from_ref(node)),
        None => &[],
    };
    for node in short {
        let entry = text(node);
        let (target, options) = entry.split_once(':').unwrap_or((&entry, ""));
        let size = read(context, service, node, options);
        mounts.add(target, node, volume(size), Map::new());
    }
    let Some(node) = limits::SHM.node(service.node) else { return };
    match text(node).parse::<i64>() {
        Ok(bytes) if bytes <= 0 || bytes == DEFAULT_SHARED => {}
        Ok(bytes) => {
            let size = string(quantity::bytes(bytes), node.origin);
            mounts.add("/dev/shm", node, volume(Some(size)), Map::new());
        }
        Err(_) => {
            service.refuse(
                context,
                "shm_size",
                node.origin,
                &format!("{:?} is no number of bytes", text(node)),
            );
        }
    }
}

/// What a container has at `/dev/shm` by itself.
const DEFAULT_SHARED: i64 = 64 << 20;

/// `type: tmpfs`
pub fn mount_long(node: &Node, mounts: &mut Mounts) {
    let size = mount::MEMORY_SIZE.node(node);
    let bytes =
        size.and_then(|size| Some((text(size).parse::<i64>().ok().filter(|bytes| *bytes > 0)?, size.origin)));
    let size = bytes.map(|(bytes, origin)| string(quantity::bytes(bytes), origin));
    mounts.add(&mount::TARGET.text(node).unwrap_or_default(), node, volume(size), Map::new());
}

/// The size among the options of a short form; the others are refused where they say more than the default.
fn read(context: &mut Context<'_>, service: &Service<'_>, node: &Node, options: &str) -> Option<Node> {
    let mut found = None;
    for option in options.split(',').map(str::trim).filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "size" => match size::parse(value) {
                Ok(bytes) if bytes > 0 => found = Some(string(quantity::bytes(bytes), node.origin)),
                _ => {
                    service.refuse(context, "tmpfs", node.origin, &format!("the size {value:?} is none"));
                }
            },
            "mode" if matches!(value.trim_start_matches('0'), "1777" | "777") => {}
            "uid" | "gid" if value == "0" => {}
            "rw" | "exec" | "suid" | "dev" | "defaults" => {}
            _ => {
                let why = format!(
                    "memory is mounted with mode 0777, as root's, and programs run from it; not with {option}"
                );
                service.refuse(context, "tmpfs", node.origin, &why);
            }
        }
    }
    found
}

fn volume(size: Option<Node>) -> Map {
    let mut memory = Map::new();
    memory.put("medium", own("Memory"));
    if let Some(size) = size {
        memory.put("sizeLimit", size);
    }
    let mut volume = Map::new();
    volume.put("emptyDir", memory.done());
    volume
}

/// A place in the container as it is mounted.
pub fn target(written: &str) -> String {
    clean(written)
}
