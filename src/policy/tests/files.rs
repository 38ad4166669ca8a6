//! What policies and overlays are refused for.

use super::*;
