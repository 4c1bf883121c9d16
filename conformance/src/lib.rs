//! Judges an implementation of the three conversion APIs by its base URL. Not built yet.
