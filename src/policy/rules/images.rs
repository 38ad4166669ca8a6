//! What image a service runs.

use crate::compose::text;
use crate::policy::posture::Posture;

use super::{Allow, Check, Rule};

pub const RULES: &[Rule] = &[Rule {
    id: "image-latest",
    forbids: "run an image without a version",
    why: "What `latest` is tomorrow was not reviewed today.",
    from: Some(Posture::Contained),
    cis: &["5.28"],
    model: "`image`, and that of each `pre_start`, has a tag other than latest, or a digest",
    live: "Config.Image has a tag or digest; Image is the id that was locked",
    fix: "Write a tag other than latest, or better a digest.",
    allow: Allow::Values("images"),
    check: Check::Service(|service, breaches| {
        // An image that is built here is what the project's own files make it.
        if let Some(node) = service.get("image").filter(|_| service.get("build").is_none()) {
            let image = text(node);
            if unversioned(&image) {
                breaches.push(
                    service.breach(node, format!("runs {image}, which has no version")).allowing(image),
                );
            }
        }
        // One that it has from the service is told with the service.
        let own = service.get("image").map(text);
        for node in service.list("pre_start").iter().filter_map(|hook| hook.get("image")) {
            let image = text(node);
            if own.as_ref() != Some(&image) && unversioned(&image) {
                let what = format!("runs {image} before it starts, which has no version");
                breaches.push(service.breach(node, what).allowing(image));
            }
        }
    }),
    ..Rule::COMMON
}];

fn unversioned(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    // A colon before the last slash belongs to the registry's port.
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag.is_empty() || tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::unversioned;

    #[test]
    fn only_a_tag_or_digest_is_a_version() {
        for image in ["nginx", "nginx:latest", "host:5000/nginx", "host:5000/a/b:latest"] {
            assert!(unversioned(image), "{image}");
        }
        for image in ["nginx:1.27", "host:5000/nginx:1", "nginx@sha256:00", "nginx:latest@sha256:00"] {
            assert!(!unversioned(image), "{image}");
        }
    }
}
