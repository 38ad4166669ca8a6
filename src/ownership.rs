//! Who a service runs as, and what the host must hold for that user.
//!
//! Everything here is a decision: the host and the engine are asked, never changed. [`decide_users`]
//! works out a user for every service and [`apply`] writes it into the model; [`decide_binds`] judges
//! every bind source and lists, as [`HostStep`]s, what has to be created before a launch.
//! [`prepare`](crate::prepare) carries the steps out.

pub mod allocate;
mod apply;
pub mod bind;
pub mod build;
pub mod caller;
pub mod command;
pub mod copies;
pub mod home;
pub mod images;
pub mod kind;
pub mod lock;
pub mod predict;
pub mod remote;
pub mod root;
pub mod share;
pub mod spec;
pub mod state;
pub mod step;
#[cfg(test)]
mod testing;
mod text;
mod tmpfs;
pub mod user;
pub mod volume;

pub use apply::apply;
pub use bind::{
    BindDecision, BindPolicy, BindQuestion, Binds, Declared, Outcome, Role, Sought, WriteProbe, decide_binds,
};
pub use caller::Caller;
pub use images::{EngineImages, Images, NoEngine};
pub use share::{SharedTree, Sharing};
pub use spec::{Placed, UserSpec};
pub use state::{Allowed, DeclaredState, StatePolicy, Strategy, Way, way};
pub use step::HostStep;
pub use user::{Identity, UserDecision, UserPolicy, UserQuestion, UserSource, Users, decide_users};
