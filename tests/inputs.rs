//! Complete inputs, or no launch: `up` of the real program against a `docker` that writes down what it
//! was to launch. No engine is needed.

#[path = "inputs/bed.rs"]
mod bed;
#[path = "inputs/faults.rs"]
mod faults;
#[path = "inputs/killed.rs"]
mod killed;
#[path = "inputs/lists.rs"]
mod lists;
#[path = "inputs/overlays.rs"]
mod overlays;
#[path = "inputs/swapped.rs"]
mod swapped;
