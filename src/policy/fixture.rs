//! Projects written as text, for tests.
