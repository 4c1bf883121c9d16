//! Through the real parts.
