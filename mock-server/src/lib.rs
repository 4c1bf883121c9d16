//! Stands in for the conversion APIs of Comm100, Chase and impact.com.

pub mod clock;
pub mod credentials;
pub mod document;
pub mod engine;
pub mod form;
pub mod journal;
pub mod quota;
pub mod vendors;
