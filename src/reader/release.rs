//! The versions of Docker Compose at which something changed.

use super::Reader;

/// Major and minor numbers of all that are known.
pub const SERIES: [(u32, u32); 7] = [(2, 40), (5, 0), (5, 1), (5, 2), (5, 3), (5, 4), (5, 5)];

pub const V5_0: Reader = Reader::new(5, 0, 0);
pub const V5_0_2: Reader = Reader::new(5, 0, 2);
pub const V5_1_2: Reader = Reader::new(5, 1, 2);
pub const V5_1_4: Reader = Reader::new(5, 1, 4);
pub const V5_2: Reader = Reader::new(5, 2, 0);
pub const V5_3: Reader = Reader::new(5, 3, 0);
pub const V5_4: Reader = Reader::new(5, 4, 0);
pub const V5_5: Reader = Reader::new(5, 5, 0);
