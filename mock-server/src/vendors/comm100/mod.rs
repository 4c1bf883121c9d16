//! comm100
