//! The reports of a run: one file a format, all written from one [`Report`].
//!
//! A report is opened before the run, so that a path that cannot be written is said while it costs nothing.

mod github;
mod html;
mod human;
mod json;
mod junit;
mod markdown;
pub mod progress;
mod text;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::result::Report;

pub use json::SCHEMA;

/// A form that a report can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal, on stdout.
    Human,
    /// The whole [`Report`]; [`SCHEMA`] describes it.
    Json,
    /// For servers that collect test results.
    Junit,
    /// One page without any other file.
    Html,
    /// A job summary in GitHub's Markdown.
    Markdown,
    /// Workflow commands on stdout that become annotations.
    Github,
}

impl Format {
    /// The whole text, without colours.
    pub fn render(self, report: &Report) -> String {
        match self {
            Self::Human => anstream::adapter::strip_str(&human::render(report)).to_string(),
            Self::Json => json::render(report),
            Self::Junit => junit::render(report),
            Self::Html => html::render(report),
            Self::Markdown => markdown::render(report),
            Self::Github => github::render(report),
        }
    }
}

/// A format, and where a report of it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    format: Format,
    /// Nothing for stdout.
    file: Option<PathBuf>,
}

/// A report that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of the report's file is not there and cannot be made.
    #[error("cannot make the folder of the report {}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The report's file cannot be made.
    #[error("cannot write the report {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// Two reports go to one file.
    #[error("two reports would be written to {}", .0.display())]
    Twice(PathBuf),
    /// Stdout takes nothing.
    #[error("cannot write the report to stdout")]
    Stdout(#[source] io::Error),
}

impl Destination {
    /// Reads the value of `--report`: `human`, `github`, or `json=FILE`, `junit=FILE`, `html=FILE`, `md=FILE`.
    ///
    /// # Errors
    ///
    /// A sentence that lists the forms.
    pub fn parse(value: &str) -> Result<Self, String> {
        const FORMS: &str =
            "a report is human, github, json=FILE, junit=FILE, html=FILE or md=FILE";
        let (name, file) = match value.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (value, None),
        };
        let format = match name {
            "human" => Format::Human,
            "json" => Format::Json,
            "junit" => Format::Junit,
            "html" => Format::Html,
            "md" => Format::Markdown,
            "github" => Format::Github,
            _ => return Err(format!("there is no report `{name}`; {FORMS}")),
        };
        match (format, file) {
            (Format::Human | Format::Github, Some(_)) => {
                Err(format!("`{name}` takes no file; {FORMS}"))
            }
            (Format::Human | Format::Github, None) => Ok(Self { format, file: None }),
            (_, None | Some("")) => Err(format!("`{name}` needs a file; {FORMS}")),
            (_, Some(file)) => Ok(Self {
                format,
                file: Some(PathBuf::from(file)),
            }),
        }
    }

    fn open(&self) -> Result<Open, Error> {
        let sink = match &self.file {
            None => Sink::Stdout,
            Some(file) => open_file(file)?,
        };
        Ok(Open {
            format: self.format,
            sink,
        })
    }
}

/// Makes sure that the reports can be written, and makes the folders they need.
///
/// # Errors
///
/// When one cannot be written, with the path and the reason, or when two would go to one file.
pub fn open(destinations: &[Destination]) -> Result<Vec<Open>, Error> {
    for (at, destination) in destinations.iter().enumerate() {
        if let Some(file) = &destination.file
            && destinations[..at]
                .iter()
                .any(|other| other.file.as_ref() == Some(file))
        {
            return Err(Error::Twice(file.clone()));
        }
    }
    destinations.iter().map(Destination::open).collect()
}

fn open_file(file: &Path) -> Result<Sink, Error> {
    let failed = |cause| Error::File(file.to_owned(), cause);
    let path = match file.metadata() {
        Err(_) => file.to_owned(),
        Ok(found) if found.is_dir() => {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        // A rename would replace what its owner protected.
        Ok(found) if found.permissions().readonly() => {
            return Err(failed(io::ErrorKind::PermissionDenied.into()));
        }
        // Where a link leads is replaced, not the link.
        Ok(found) if found.is_file() => file.canonicalize().map_err(failed)?,
        // A device or a pipe cannot be replaced by a file.
        Ok(_) => {
            let device = OpenOptions::new().write(true).open(file).map_err(failed)?;
            return Ok(Sink::Device(file.to_owned(), device));
        }
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|cause| Error::Folder(file.to_owned(), cause))?;
    let mut named = tempfile::Builder::new();
    named.prefix(".report-").suffix(".part");
    // A report is read by others than the one who ran the judge; the umask still holds.
    #[cfg(unix)]
    named.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let part = named.tempfile_in(folder).map_err(failed)?;
    Ok(Sink::File(path, part))
}

/// A report that can be written.
///
/// Dropped without [`Open::write`] it leaves nothing behind.
#[derive(Debug)]
pub struct Open {
    format: Format,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Stdout,
    Device(PathBuf, File),
    /// Where it belongs, and where it is written until it is whole.
    File(PathBuf, NamedTempFile),
}

impl Open {
    /// Writes the report; a file appears only when it is whole.
    ///
    /// # Errors
    ///
    /// When the disk is full, a pipe closed, and the like.
    pub fn write(self, report: &Report) -> Result<(), Error> {
        match self.sink {
            Sink::Stdout if self.format == Format::Human => {
                let mut stdout = anstream::stdout().lock();
                stdout
                    .write_all(human::render(report).as_bytes())
                    .and_then(|()| stdout.flush())
                    .map_err(Error::Stdout)
            }
            Sink::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout
                    .write_all(self.format.render(report).as_bytes())
                    .and_then(|()| stdout.flush())
                    .map_err(Error::Stdout)
            }
            Sink::Device(path, mut device) => device
                .write_all(self.format.render(report).as_bytes())
                .map_err(|cause| Error::File(path, cause)),
            Sink::File(path, mut part) => {
                let written = part.write_all(self.format.render(report).as_bytes());
                match written.and_then(|()| part.persist(&path).map_err(|kept| kept.error)) {
                    Ok(_) => Ok(()),
                    Err(cause) => Err(Error::File(path, cause)),
                }
            }
        }
    }
}
