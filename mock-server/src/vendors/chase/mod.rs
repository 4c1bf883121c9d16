//! Chase: `POST /api/v2/conversions`, as its page "Log Conversion" documents it.

mod email;
mod text;
