//! What image a service runs.

use crate::compose::text;
use crate::model::{ImageName, build, image, program};
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
        if let Some(node) = image::IMAGE.node(service.node).filter(|_| !build::BUILD.is_set(service.node)) {
            let image = text(node);
            if !ImageName::read(&image).has_version() {
                breaches.push(
                    service.breach(node, format!("runs {image}, which has no version")).allowing(image),
                );
            }
        }
        // One that it has from the service is told with the service.
        let own = image::IMAGE.text(service.node);
        for node in
            program::PRE_START.items(service.node).iter().filter_map(|hook| program::HOOK_IMAGE.node(hook))
        {
            let image = text(node);
            if own.as_ref() != Some(&image) && !ImageName::read(&image).has_version() {
                let what = format!("runs {image} before it starts, which has no version");
                breaches.push(service.breach(node, what).allowing(image));
            }
        }
    }),
    ..Rule::COMMON
}];
