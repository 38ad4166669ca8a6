//! Devices of the machine that are not there.

use super::Subject;
use crate::diagnostic::Finding;
use crate::yaml::Node;

/// Says which of a service's devices this machine lacks. The engine refuses its start then, after the rest is made.
pub(super) fn predict(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let devices = subject.service.get("devices").and_then(Node::as_seq).unwrap_or_default();
    for device in devices {
        // `vendor.com/class=name` is no path: the engine finds it by the Container Device Interface.
        let source = device.get("source").and_then(Node::as_str).filter(|source| source.starts_with('/'));
        let Some(source) = source.filter(|source| !crate::host::is_there(source.as_ref())) else { continue };
        let what = format!("cannot start here: this machine does not have the device {source}");
        findings.push(subject.warning(&what).at_origin(device.origin, "not there").help(format!(
            "Load its driver, or take it out for this machine in a file of its own: `services: {{ {}: {{ devices: \
             !reset [] }} }}`.",
            subject.name
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::predicted;
    use crate::ownership::images::fake::Fake;

    #[test]
    fn a_device_that_is_not_there_is_named() {
        let said = |sources: &str| {
            let device = |source: &str| format!("{{source: {source}, target: /dev/x, permissions: rwm}}");
            let devices: Vec<String> = sources.split(' ').map(device).collect();
            predicted(&format!("devices: [{}]", devices.join(", ")), Fake::default(), [None; 2])
        };
        let missing =
            "service `a` cannot start here: this machine does not have the device /dev/no-such-thing";
        assert_eq!(said("/dev/no-such-thing /dev/null"), [missing]);
        assert_eq!(said("/dev/null vendor.com/gpu=all"), [""; 0]);
    }
}
