//! Ways to undo a mandatory leaf.

use super::*;
