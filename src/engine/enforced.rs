//! What an engine says of itself that it does not enforce, though it shows it.

use super::Info;

/// Something that confines a container, and that an engine can lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facility {
    Memory,
    Swap,
    Processes,
    CpuQuota,
    CpuShares,
    CpuSet,
    /// Control groups of any kind: what reads and writes of block devices are limited by, too.
    ControlGroups,
    Seccomp,
}

impl Info {
    /// Why a facility does not hold here; `None` where it does. An engine that does not say counts as one
    /// that lacks it.
    pub fn lacks(&self, facility: Facility) -> Option<String> {
        if facility == Facility::Seccomp {
            return self.lacks_seccomp();
        }
        if !self.has_control_groups() {
            let root = if self.is_rootless { " of an engine without root" } else { "" };
            return Some(format!(
                "control groups version {}, driver {}{root}",
                self.cgroup_version, self.cgroup_driver
            ));
        }
        let (name, said) = match facility {
            Facility::Memory => ("MemoryLimit", Some(self.memory_limit)),
            Facility::Processes => ("PidsLimit", Some(self.pids_limit)),
            Facility::Swap => ("SwapLimit", self.further.swap),
            Facility::CpuQuota => ("CpuCfsQuota", self.further.cpu_quota),
            Facility::CpuShares => ("CPUShares", self.further.cpu_shares),
            Facility::CpuSet => ("CPUSet", self.further.cpu_set),
            Facility::ControlGroups | Facility::Seccomp => return None,
        };
        match said {
            Some(true) => None,
            Some(false) => Some(format!("{name} is false")),
            None => Some(format!("it says nothing of {name}")),
        }
    }

    fn lacks_seccomp(&self) -> Option<String> {
        let own = self.security_options.iter().find(|option| {
            option.split(',').any(|part| part == "name=seccomp") && option.contains("profile=unconfined")
        });
        if own.is_some() {
            return Some("its own profile is `unconfined`".to_owned());
        }
        (!self.has_security_option("seccomp")).then(|| "its security options have none".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::info::FurtherLimits;

    fn info() -> Info {
        Info {
            memory_limit: true,
            pids_limit: true,
            further: FurtherLimits { cpu_quota: Some(true), swap: Some(false), ..FurtherLimits::default() },
            cgroup_driver: "cgroupfs".into(),
            cgroup_version: "1".into(),
            security_options: vec!["name=seccomp,profile=builtin".into()],
            ..Info::default()
        }
    }

    #[test]
    fn what_it_says_counts_and_what_it_does_not_say_is_lacking() {
        let info = info();
        for facility in [Facility::Memory, Facility::Processes, Facility::CpuQuota, Facility::Seccomp] {
            assert_eq!(info.lacks(facility), None, "{facility:?}");
        }
        assert_eq!(info.lacks(Facility::Swap).unwrap(), "SwapLimit is false");
        assert_eq!(info.lacks(Facility::CpuSet).unwrap(), "it says nothing of CPUSet");
    }

    #[test]
    fn without_control_groups_nothing_is_enforced_whatever_it_says() {
        let rootless = Info { is_rootless: true, ..info() };
        assert!(
            rootless.lacks(Facility::Memory).unwrap().contains("version 1, driver cgroupfs of an engine")
        );
        let none = Info { cgroup_driver: "none".into(), ..info() };
        assert!(none.lacks(Facility::Processes).unwrap().contains("driver none"));
        assert_eq!(none.lacks(Facility::Seccomp), None);
    }

    #[test]
    fn seccomp_has_to_be_there_and_to_filter() {
        let with = |option: &str| Info { security_options: vec![option.into()], ..info() };
        assert!(with("name=apparmor").lacks(Facility::Seccomp).is_some());
        assert!(with("name=seccomp,profile=unconfined").lacks(Facility::Seccomp).is_some());
        assert!(with("name=seccomp,profile=default").lacks(Facility::Seccomp).is_none());
    }
}
