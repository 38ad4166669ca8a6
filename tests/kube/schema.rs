//! The schemas of the API, of two versions; strict: what they do not know is a fault.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::facts;
use crate::manifests::text;

/// The versions, and the directory that has a file for each.
pub const VERSIONS: [&str; 2] = ["1.35.0", "1.37.0"];

/// Kinds that are rendered, with their definitions.
const KINDS: [(&str, &str); 9] = [
    ("Namespace", "io.k8s.api.core.v1.Namespace"),
    ("ConfigMap", "io.k8s.api.core.v1.ConfigMap"),
    ("Secret", "io.k8s.api.core.v1.Secret"),
    ("PersistentVolumeClaim", "io.k8s.api.core.v1.PersistentVolumeClaim"),
    ("NetworkPolicy", "io.k8s.api.networking.v1.NetworkPolicy"),
    ("Service", "io.k8s.api.core.v1.Service"),
    ("Deployment", "io.k8s.api.apps.v1.Deployment"),
    ("StatefulSet", "io.k8s.api.apps.v1.StatefulSet"),
    ("Job", "io.k8s.api.batch.v1.Job"),
];

/// The schemas of one version.
pub struct Schemas(Vec<(&'static str, Validator)>);

/// Where the schemas are, or why not.
fn directory() -> Result<PathBuf, &'static str> {
    let given = std::env::var_os("SEAWORTHY_KUBERNETES_SCHEMAS").map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kubernetes-schemas-1.37.0");
    let found = given.unwrap_or(usual);
    if found.join("done").exists() {
        Ok(found)
    } else {
        Err("run scripts/kubernetes-schemas to fetch the schemas")
    }
}

impl Schemas {
    /// All versions; `None`, said aloud, where the schemas are not here and need not be.
    pub fn all() -> Option<Vec<Self>> {
        match directory() {
            Ok(found) => Some(VERSIONS.iter().map(|version| Self::read(&found, version)).collect()),
            Err(why) if std::env::var("CI").is_ok_and(|value| value == "true") => panic!("{why}"),
            Err(why) => {
                println!("ignored: {why}");
                None
            }
        }
    }

    fn read(directory: &Path, version: &str) -> Self {
        let text = fs::read_to_string(directory.join(format!("{version}.json"))).unwrap();
        let definitions: Value = serde_json::from_str(&text.replace("/api/_definitions.json#", "#")).unwrap();
        let of = |name: &str| {
            let mut schema = json!({ "$ref": format!("#/$defs/{name}") });
            schema["$defs"] = definitions["$defs"].clone();
            jsonschema::draft202012::new(&schema).unwrap()
        };
        Self(KINDS.iter().map(|(kind, name)| (*kind, of(name))).collect())
    }

    /// What is wrong with an object, by the schemas and by what they do not say.
    pub fn faults(&self, object: &Value) -> Vec<String> {
        let kind = text(object, "/kind");
        let Some((_, schema)) = self.0.iter().find(|(known, _)| *known == kind) else {
            return vec![format!("the kind {kind:?} is not known")];
        };
        let by_schema = schema.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path()));
        by_schema.chain(facts::faults(object)).collect()
    }
}

#[test]
fn a_schema_refuses_what_is_wrong() {
    let Some(all) = Schemas::all() else { return };
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a", "namespace": "p" },
        "spec": {
            "selector": { "matchLabels": { "x": "y" } },
            "template": {
                "metadata": { "labels": { "x": "y" } },
                "spec": {
                    "automountServiceAccountToken": false, "enableServiceLinks": false, "restartPolicy": "Always",
                    "containers": [{ "name": "a", "image": "x" }]
                }
            }
        }
    });
    for schemas in &all {
        assert_eq!(schemas.faults(&deployment), Vec::<String>::new());
        let container = "/spec/template/spec/containers/0";
        for (place, wrong) in [
            ("/spec/replicas", json!("1")),
            ("/spec/unknown", json!(1)),
            ("/kind", json!("Deployments")),
            ("/apiVersion", json!("v1")),
            ("/metadata/name", json!("A_b")),
            ("/spec/selector/matchLabels", json!({ "x": "z" })),
            ("/spec/template/spec/restartPolicy", json!("Sometimes")),
            ("/spec/template/spec/securityContext", json!({ "runAsUser": "1000" })),
            ("/spec/template/spec/securityContext", json!({ "seccompProfile": { "type": "None" } })),
            (&format!("{container}/resources"), json!({ "limits": { "memory": "256mi" } })),
            (&format!("{container}/volumeMounts"), json!([{ "name": "nowhere", "mountPath": "/x" }])),
            (&format!("{container}/securityContext"), json!({ "privileged": null })),
        ] {
            let mut object = deployment.clone();
            let (parent, key) = place.rsplit_once('/').unwrap();
            object.pointer_mut(parent).unwrap()[key] = wrong.clone();
            assert!(!schemas.faults(&object).is_empty(), "{place}: {wrong}");
        }
    }
}
