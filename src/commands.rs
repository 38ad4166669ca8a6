//! The commands that operate on what was launched or take it elsewhere, one file each, named as it is typed.

pub mod annotate;
pub mod doctor;
pub mod gc;
pub mod ids;
pub mod init;
pub mod kube;
pub mod probe;
pub mod stack;
pub mod whois;
