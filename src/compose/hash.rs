//! The config hash that Compose puts on containers as `com.docker.compose.config-hash`.

use crate::project::sha256;
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Path, to_json_compact};

use super::output::{Format, arrange};
use super::schema_service;

/// Lower-case hexadecimal sha256 over the compact JSON of a decoded service, without what Compose
/// leaves out of it.
pub fn config_hash(service: &Node) -> String {
    let mut service = service.clone();
    if let Some(map) = service.as_map_mut() {
        for key in ["build", "pull_policy", "scale", "depends_on", "profiles"] {
            map.remove(key);
        }
        if let Some(deploy) = map.get_mut("deploy").and_then(Node::as_map_mut) {
            deploy.remove("replicas");
        }
        for file in map.get_mut("env_file").and_then(Node::as_seq_mut).into_iter().flatten() {
            name_only(file);
        }
    } else {
        service = Node::map(Mapping::new(), Origin::Default("empty service"));
    }
    let services = Path::ROOT.key("services");
    let arranged = arrange(&service, Some(schema_service()), Format::Json, &services.key("service"));
    let json = to_json_compact(&arranged);
    sha256(json.as_bytes())
}

/// Compose writes an env file that must exist as its path alone, whatever its format.
fn name_only(file: &mut Node) {
    if file.get("required").and_then(Node::as_bool) != Some(false)
        && let Some(path) = file.get("path").cloned()
    {
        *file = path;
    }
}
