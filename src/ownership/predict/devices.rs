//! Devices of the machine that are not there.

use crate::diagnostic::Finding;
use crate::host::is_there;
use crate::model::Device;

use super::Subject;

/// Says which of a service's devices this machine lacks. The engine refuses its start then, after the rest is made.
pub(super) fn predict(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for device in Device::of_service(subject.service) {
        let missing = device.path().filter(|path| !is_there(path.as_ref()));
        let Some(source) = missing else { continue };
        let what = format!("cannot start here: this machine does not have the device {source}");
        findings.push(subject.warning(&what).at_origin(device.node.origin, "not there").help(format!(
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
