//! Which networks, and what can be reached through them.

use crate::compose::section;
use crate::model::{network, resource};
use crate::policy::posture::Posture;

use super::{Allow, Breach, Check, Rule, Service, View};

pub const RULES: &[Rule] = &[
    Rule {
        id: "host-network",
        forbids: "share the host's network",
        why: "It reaches services that listen on the host's loopback, can take any port and sees all traffic.",
        from: Some(Posture::Baseline),
        cis: &["5.10"],
        owasp: &["5"],
        model: "`network_mode` is not host, and no network is the engine's own host network",
        live: "HostConfig.NetworkMode is not host, and NetworkSettings.Networks has no network named host",
        fix: "Remove it and publish the ports that are needed.",
        joined_by: &["network_mode"],
        check: Check::Service(host_network),
        ..Rule::COMMON
    },
    Rule {
        id: "default-bridge",
        forbids: "use the engine's default bridge",
        why: "Every container without a network of its own is on it, and they all reach one another.",
        from: Some(Posture::Hardened),
        cis: &["5.30"],
        owasp: &["5"],
        model: "`network_mode` is not bridge or default",
        live: "NetworkSettings.Networks has no network named bridge",
        fix: "Remove `network_mode: bridge`; the project's own network is the default.",
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            for (node, name) in network::outer_names(&service.view.model.root, service.node) {
                if matches!(name.as_str(), "bridge" | "default" | "docker0") {
                    breaches.push(service.breach(node, "uses the default bridge"));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "network-driver",
        forbids: "use a network that is part of the host's own",
        why: "With macvlan, ipvlan or another driver a container is a machine on the local network, past the host's \
              firewall.",
        from: Some(Posture::Hardened),
        owasp: &["5"],
        model: "no network has a driver such as host, macvlan or ipvlan",
        live: "docker network inspect shows Driver bridge or overlay; the container shows only the name",
        fix: "Remove `driver`.",
        allow: Allow::Values("drivers"),
        check: Check::Project(|view, breaches| {
            for (name, network) in view.section("networks") {
                if let Some((node, driver)) = resource::DRIVER.written(network)
                    && !matches!(driver.as_str(), "bridge" | "overlay" | "null" | "none")
                {
                    let what = format!("has the driver {driver}");
                    breaches.push(Breach::at(&format!("networks.{name}"), node, what).allowing(driver));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "network-options",
        forbids: "use a network with options that reach the host, or whose effect is not known",
        why: "With the name of a bridge a network lies upon one that the host has, and on the machines behind it, though \
              it is `internal`; address drivers are programs of the host.",
        from: Some(Posture::Hardened),
        owasp: &["5"],
        model: "`driver_opts` has only options that concern the network itself (MTU, ICC, masquerading, interface prefix, \
                gateway modes nat and isolated), and `ipam` neither a driver nor options",
        live: "docker network inspect shows Options and IPAM as the model has them",
        fix: "Remove the option.",
        allow: Allow::Values("options as NAME=VALUE, ipam.driver=NAME, ipam.options.NAME=VALUE"),
        check: Check::Project(|view, breaches| {
            for (name, network) in view.section("networks") {
                for unknown in network::unknown(network) {
                    let what = format!("has {}", unknown.shown);
                    let breach = Breach::at(&format!("networks.{name}"), unknown.node, what);
                    breaches.push(breach.allowing(unknown.shown));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "network-endpoint-options",
        forbids: "have options of its own in a network whose effect is not known",
        why: "An option of an endpoint sets kernel settings of the container's interfaces, past `sysctls`.",
        from: Some(Posture::Hardened),
        owasp: &["5"],
        model: "`networks.NAME.driver_opts` has no option but the interface's name",
        live: "NetworkSettings.Networks.*.DriverOpts is empty, or as the model has it",
        fix: "Remove the option.",
        allow: Allow::Values("options as NAME=VALUE"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            let networks = network::NETWORKS.entries(service.node);
            for (name, attachment) in networks {
                for unknown in network::unknown_of_endpoint(attachment) {
                    let what = format!("has {} in the network {name}", unknown.shown);
                    breaches.push(service.breach(unknown.node, what).allowing(unknown.shown));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "egress",
        forbids: "have a route out that no overlay opens",
        why: "What gets out of a sandbox is what it was built to hold.",
        from: Some(Posture::Contained),
        overlays: &[("no-egress", "internal")],
        owasp: &["5"],
        model: "every network that a service uses is `internal`, or opened by an overlay",
        live: "docker network inspect shows Internal true for every network of NetworkSettings.Networks",
        fix: "Set `internal: true`, or open it in a mandatory overlay: `networks: {NAME: {internal: false}}`.",
        allow: Allow::Values("networks"),
        check: Check::Project(egress),
        ..Rule::COMMON
    },
    Rule {
        id: "network-external",
        forbids: "use a network made elsewhere",
        why: "Whether it has a route out, and who else is on it, is not part of the project.",
        from: Some(Posture::Contained),
        owasp: &["5"],
        model: "no network is `external`",
        live: "docker network inspect shows Internal, Driver and Id; a network of the right name is taken as it is",
        fix: "Declare the network in the project.",
        allow: Allow::Values("networks"),
        check: Check::Project(|view, breaches| {
            for (name, network) in view.section("networks") {
                if let Some(node) = resource::EXTERNAL.on(network) {
                    breaches.push(
                        Breach::at(&format!("networks.{name}"), node, "is made elsewhere").allowing(name),
                    );
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "network-mode",
        forbids: "have a network that is not one of the project's",
        why: "The modes of the host and of other containers have rules of their own; any other mode names a network \
              of which nothing says whether it has a route out.",
        from: Some(Posture::Contained),
        cis: &["5.30"],
        owasp: &["5"],
        model: "`network_mode` is absent, none, or one that other rules judge: the host's, bridge, a container's",
        live: "HostConfig.NetworkMode is none, or a network or container of this project",
        fix: "Write `network_mode: none`, or attach the service to an internal network.",
        allow: Allow::Values("modes"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            if let Some((node, mode)) = network::MODE.written(service.node)
                && !matches!(mode.as_str(), "none" | "host" | "bridge" | "default")
                && !mode.starts_with("service:")
                && !mode.starts_with("container:")
            {
                breaches.push(service.breach(node, format!("has network_mode: {mode}")).allowing(mode));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "extra-hosts",
        forbids: "be given names of other machines",
        why: "`host-gateway` is a way to the host itself; other addresses say where it means to go.",
        from: Some(Posture::Contained),
        owasp: &["5"],
        model: "`extra_hosts` is absent",
        live: "HostConfig.ExtraHosts is empty, or a subset of what is allowed",
        fix: "Remove `extra_hosts`.",
        allow: Allow::Values("entries as name=address"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            for (node, entry) in network::HOSTS.written(service.node) {
                breaches.push(service.breach(node, format!("knows {entry}")).allowing(entry));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "dns",
        forbids: "choose its name servers",
        why: "Name queries carry data out, past a network that is internal.",
        from: Some(Posture::Contained),
        owasp: &["5"],
        model: "`dns`, `dns_opt` and `dns_search` are absent",
        live: "HostConfig.Dns is empty, or a subset of what is allowed",
        fix: "Remove `dns`.",
        allow: Allow::Values("addresses"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            for (node, address) in network::DNS.written(service.node) {
                breaches
                    .push(service.breach(node, format!("asks the name server {address}")).allowing(address));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "external-links",
        forbids: "be linked to containers of other projects",
        why: "A link is a way to a container that nothing here judges.",
        from: Some(Posture::Hardened),
        owasp: &["5"],
        model: "`external_links` is absent",
        live: "HostConfig.Links names only containers of this project",
        fix: "Remove `external_links`; share a network instead, where it shows.",
        allow: Allow::Values("links"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            for (node, link) in network::EXTERNAL_LINKS.written(service.node) {
                breaches.push(service.breach(node, format!("is linked to {link}")).allowing(link));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "mac-address",
        forbids: "choose its hardware address",
        why: "With another machine's address it takes that machine's traffic and leases.",
        from: Some(Posture::Contained),
        owasp: &["5"],
        model: "`mac_address` is absent",
        live: "NetworkSettings.Networks.*.MacAddress is the engine's own choice",
        fix: "Remove `mac_address`.",
        allow: Allow::Values("addresses"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            let own = network::MAC.written(service.node);
            let attached = network::NETWORKS.entries(service.node);
            let of_networks = attached.filter_map(|(_, network)| network::ENDPOINT_MAC.written(network));
            for (node, address) in own.into_iter().chain(of_networks) {
                breaches.push(service.breach(node, format!("has the address {address}")).allowing(address));
            }
        }),
        ..Rule::COMMON
    },
];

fn host_network(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    for (node, name) in network::outer_names(&service.view.model.root, service.node) {
        if name == "host" {
            breaches.push(service.breach(node, "is on the host's network"));
        }
    }
    for (key, node) in network::NETWORKS.entries(service.node) {
        let declared = service.view.model.root.at(&["networks", key]);
        if declared.and_then(|declared| resource::DRIVER.str(declared)) == Some("host") {
            breaches.push(service.breach(node, format!("is on {key}, the host's network")));
        }
    }
}

fn egress(view: &View<'_>, breaches: &mut Vec<Breach>) {
    for (name, network) in view.section("networks") {
        let internal = resource::INTERNAL.is_on(network);
        let external = resource::EXTERNAL.is_on(network);
        if !internal && !external && !view.opened.has(name, view.egress_rank(name)) {
            let place = format!("networks.{name}");
            let key =
                section(&view.model.root, "networks").and_then(|map| map.entry(name)).map(|entry| entry.key);
            let origin =
                resource::INTERNAL.node(network).map(|node| node.origin).or(key).unwrap_or(network.origin);
            let breach = Breach::of(place, origin, "has a route out: it is not internal").allowing(name);
            let is_lack = !resource::INTERNAL.is_set(network);
            breaches.push(if is_lack { breach.lacking() } else { breach });
        }
    }
}
