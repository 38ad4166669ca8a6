//! Why no engine answers, in a sentence of its own for each cause, with its remedy.
//!
//! The command line client says it in words that are about the client. The causes are those of docker's and Podman's
//! own messages.

const BY_PERMISSION: &str = "you may not use the engine";
const BY_ADDRESS: &str = "the engine cannot be reached";
const BY_CONTEXT: &str = "there is no docker context";
const BY_PROGRAM: &str = "no program ";

/// The reason for a program that `PATH` does not have.
pub fn no_program(name: &str) -> String {
    format!("{BY_PROGRAM}\"{name}\" in PATH")
}

/// Translates a complaint of the client; `None` for an unknown one.
pub fn of(complaint: &str) -> Option<String> {
    if let Some((before, _)) = complaint.split_once(": context not found") {
        let name = before.rsplit("context ").next().unwrap_or(before);
        return Some(format!("{BY_CONTEXT} {name}"));
    }
    // It goes on with the request: `…: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.51/info": dial unix …`.
    let denied = complaint.contains("permission denied") && complaint.contains("trying to connect");
    if denied {
        let at = address(complaint).map(|at| format!(" at {at}")).unwrap_or_default();
        return Some(format!("{BY_PERMISSION}{at}: permission denied"));
    }
    let away = complaint.split_once("Cannot connect to the Docker daemon at ");
    if let Some((at, _)) = away.and_then(|(_, rest)| rest.split_once(". Is the docker daemon running?")) {
        return Some(format!("{BY_ADDRESS} at {at}"));
    }
    complaint.contains("unable to connect to Podman").then(|| format!("{BY_ADDRESS}: {complaint}"))
}

/// The socket's address in a complaint.
fn address(complaint: &str) -> Option<&str> {
    let begin = complaint.find("unix://")?;
    let rest = complaint.get(begin..)?;
    let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
    rest.get(..end).map(|at| at.trim_end_matches([':', '.', ',']))
}

/// The remedy for a reason that contains one of these sentences.
pub fn remedy(reason: &str) -> Option<&'static str> {
    let remedies = [
        (
            BY_PERMISSION,
            "Add your user to the group of the socket (`docker`) and log in again, or use an engine without root.",
        ),
        (BY_CONTEXT, "`docker context ls` lists those that there are."),
        ("no program \"podman\"", "Install Podman, or leave out `--engine podman`."),
        (BY_PROGRAM, "Install the docker client and Docker Compose 2.40 or newer."),
    ];
    remedies.iter().find(|(sentence, _)| reason.contains(sentence)).map(|(_, remedy)| *remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_sentence_and_its_remedy() {
        let denied = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: \
                      Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.51/info\": dial unix /var/run/docker.sock: connect: \
                      permission denied";
        let newer =
            "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock";
        for complaint in [denied, newer] {
            let sentence = of(complaint).unwrap();
            assert_eq!(
                sentence,
                "you may not use the engine at unix:///var/run/docker.sock: permission denied"
            );
            assert!(remedy(&sentence).unwrap().contains("group of the socket"));
        }
        let away = "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?";
        assert_eq!(of(away).as_deref(), Some("the engine cannot be reached at unix:///x.sock"));
        let context = "Failed to initialize: unable to resolve docker endpoint: context \"nosuch\": context not found: \
                       open /root/.docker/contexts/meta/9e/meta.json: no such file or directory";
        assert_eq!(of(context).as_deref(), Some("there is no docker context \"nosuch\""));
        assert!(remedy(&of(context).unwrap()).unwrap().contains("docker context ls"));
        assert!(remedy(&no_program("podman")).unwrap().contains("--engine podman"));
        assert!(remedy(&no_program("docker")).unwrap().contains("docker client"));
        assert_eq!(of("no answer within 10 s"), None);
        assert_eq!(remedy("no answer within 10 s"), None);
    }
}
