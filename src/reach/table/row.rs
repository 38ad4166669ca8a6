//! How a row is written.

/// What becomes of a field on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is there with the same meaning.
    Same,
    /// It is translated into what comes nearest; the row says what differs.
    Near,
    /// Nothing there enforces it.
    Refused,
    /// It is for those who build, read or launch the project, and says nothing about what runs.
    Local,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "kept",
            Self::Near => "translated",
            Self::Refused => "refused",
            Self::Local => "not for the target",
        }
    }
}

/// What `docker stack deploy` of Docker 28 makes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Kept,
    /// It is taken and means something else.
    Changed,
    /// It is dropped, and a line says so.
    Dropped,
    /// It is dropped without a word.
    Lost,
    /// The client refuses the file.
    Refused,
}

impl Client {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Changed => "meaning changed",
            Self::Dropped => "dropped with a line",
            Self::Lost => "dropped silently",
            Self::Refused => "refused by the client",
        }
    }
}

/// What `kompose convert` makes of a field, by its own table and by what it was seen to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kompose {
    Keeps,
    /// Its table says that it is converted, and something of it is lost.
    Changes,
    /// Without a word.
    Drops,
    /// Nothing is known.
    Unknown,
}

impl Kompose {
    pub fn name(self) -> &'static str {
        match self {
            Self::Keeps => "keeps",
            Self::Changes => "changes",
            Self::Drops => "drops",
            Self::Unknown => "–",
        }
    }
}

/// One field, or all that stands below it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its place in the field table: `services.*.cap_add`.
    pub place: &'static str,
    pub kube: Verdict,
    /// What it becomes, or why it cannot be held.
    pub kube_text: &'static str,
    /// What to do where Kubernetes cannot hold it.
    pub todo: &'static str,
    /// Values that say no more than the default of the target.
    pub idle: &'static [&'static str],
    pub client: Client,
    /// Where the service is made through the API of the engine.
    pub api: Verdict,
    pub swarm_text: &'static str,
    /// Why Swarm cannot hold it; empty where a service there has no field for it.
    pub swarm_why: &'static str,
    /// The remedy where Swarm cannot hold it; empty where it is to be left out.
    pub swarm_todo: &'static str,
    /// Values that say no more than the default of Swarm, where they are others than those of Kubernetes.
    pub swarm_idle: Option<&'static [&'static str]>,
    pub kompose: Kompose,
}

/// A row that nothing is said of yet for Swarm, where it is kept.
pub const fn row(place: &'static str, kube: Verdict, kube_text: &'static str) -> Row {
    Row {
        place,
        kube,
        kube_text,
        todo: "",
        idle: &[],
        client: Client::Kept,
        api: Verdict::Same,
        swarm_text: "",
        swarm_why: "",
        swarm_todo: "",
        swarm_idle: None,
        kompose: Kompose::Unknown,
    }
}

pub const fn same(place: &'static str, text: &'static str) -> Row {
    row(place, Verdict::Same, text)
}

pub const fn near(place: &'static str, text: &'static str) -> Row {
    row(place, Verdict::Near, text)
}

/// Completes "cannot be enforced on Kubernetes: …", and says what to do.
pub const fn refused(place: &'static str, why: &'static str, todo: &'static str) -> Row {
    Row { todo, ..row(place, Verdict::Refused, why) }
}

/// For nobody but those who launch the project: neither target gets it.
pub const fn local(place: &'static str, text: &'static str) -> Row {
    Row { api: Verdict::Local, swarm_text: text, ..row(place, Verdict::Local, text) }
}

impl Row {
    pub const fn idle(self, idle: &'static [&'static str]) -> Self {
        Self { idle, ..self }
    }

    /// What to do where a value of it is refused.
    pub const fn todo(self, todo: &'static str) -> Self {
        Self { todo, ..self }
    }

    pub const fn swarm(self, client: Client, api: Verdict, text: &'static str) -> Self {
        Self { client, api, swarm_text: text, ..self }
    }

    /// Why a value of it is refused on Swarm, and what to do.
    pub const fn not_on_swarm(self, why: &'static str, todo: &'static str) -> Self {
        Self { swarm_why: why, swarm_todo: todo, ..self }
    }

    /// Values that say no more than Swarm's own default.
    pub const fn idle_on_swarm(self, idle: &'static [&'static str]) -> Self {
        Self { swarm_idle: Some(idle), ..self }
    }

    /// Completes "cannot be enforced on Swarm: …".
    pub const fn why_not_on_swarm(&self) -> &'static str {
        if self.swarm_why.is_empty() { "a service there has no field for it" } else { self.swarm_why }
    }

    pub const fn todo_on_swarm(&self) -> &'static str {
        if self.swarm_todo.is_empty() { "Leave it out" } else { self.swarm_todo }
    }

    pub const fn kompose(self, kompose: Kompose) -> Self {
        Self { kompose, ..self }
    }

    /// The key as a waiver names it: without the service, and without what stands for any.
    pub fn key(&self) -> String {
        let place = self.place.strip_prefix("services.*.").unwrap_or(self.place);
        place.split('.').filter(|part| *part != "*").collect::<Vec<_>>().join(".")
    }
}
