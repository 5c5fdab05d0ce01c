//! The report for people: one paragraph for each route, the worst told most loudly.

use std::io::{self, Write};

use hookstead_app::{Part, Problem, Severity};
use hookstead_site::{
    Kind,
    check::{Report, RouteReport, Summary, SystemFunction, Uses, Verdict},
};

use crate::{
    commands::overview::{Counts, Group},
    problems,
    terminal::{BOLD, DIM, GREEN, RED, YELLOW, clean, paint, problem},
    wrap::wrap,
};

/// How many files are named with something that they use.
const FILES_SHOWN: usize = 2;

/// Where the text of a route begins, below its verdict.
const INDENT: usize = 9;

/// How much of a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Everything,
    /// What will not run, and what is wrong or lost.
    Problems,
}

/// Where a report goes, in lines of so many columns.
struct Page<'a, W> {
    out: &'a mut W,
    columns: usize,
    shown: Shown,
}

/// Writes the report.
pub(super) fn write(
    report: &Report,
    shown: Shown,
    columns: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut page = Page { out, columns, shown };
    page.head(report)?;
    page.routes(&report.routes)?;
    page.lost(&report.parts)?;
    page.callable(&report.callable_as_system)?;
    page.problems(&report.problems)?;
    match shown {
        Shown::Everything => page.line(&format!("\n{}", summary(&report.summary)), 0),
        Shown::Problems => Ok(()),
    }
}

impl<W: Write> Page<'_, W> {
    fn line(&mut self, text: &str, indent: usize) -> io::Result<()> {
        writeln!(self.out, "{}", wrap(text, self.columns, indent))
    }

    fn head(&mut self, report: &Report) -> io::Result<()> {
        let mut counts = Counts::default();
        report.routes.iter().for_each(|route| counts.add(route.kind, route.verdict));
        self.line(&counts.line(&report.parts), 2)?;
        let app = &report.app;
        let head = format!("{} ({})", clean(&app.name), clean(&app.id));
        let environment = match app.environment.as_str() {
            "" => "no environment".to_owned(),
            tag => format!("environment {}", clean(tag)),
        };
        let layout = app.config_version;
        self.line(&format!("{}, layout {layout}, {environment}", paint(BOLD, &head)), 2)
    }

    fn routes(&mut self, routes: &[RouteReport]) -> io::Result<()> {
        let is_bad =
            |route: &&RouteReport| matches!(route.verdict, Verdict::Refused | Verdict::Fails);
        let shown = self.shown;
        let told = routes.iter().filter(|one| shown == Shown::Everything || is_bad(one));
        for (index, route) in told.enumerate() {
            if index == 0 {
                writeln!(self.out)?;
            }
            self.route(route)?;
        }
        Ok(())
    }

    fn route(&mut self, route: &RouteReport) -> io::Result<()> {
        let (style, word) = match route.verdict {
            Verdict::Runs => (GREEN, "runs    "),
            Verdict::Refused => (RED, "refused "),
            Verdict::Fails => (RED, "fails   "),
            Verdict::Disabled => (DIM, "disabled"),
        };
        // A long path gets a line of its own, from the margin on.
        let path = paint(BOLD, &clean(&route.path));
        self.line(&format!("{} {:<6} {path}", paint(style, word), route.method), 2)?;
        self.dim(&details(route))?;
        let uses = uses(&route.uses);
        if !uses.is_empty() {
            self.dim(&clean(&format!("uses: {uses}")))?;
        }
        let is_told = |reason: &String| route.missing.iter().any(|one| one.message == *reason);
        for reason in route.reasons.iter().filter(|reason| !is_told(reason)) {
            self.reason(reason)?;
        }
        for one in &route.missing {
            self.reason(&format!("{} ({}): {}", one.message, files(&one.used_in), one.remedy))?;
        }
        Ok(())
    }

    fn dim(&mut self, text: &str) -> io::Result<()> {
        self.line(&format!("{:INDENT$}{}", "", paint(DIM, text)), INDENT)
    }

    fn reason(&mut self, text: &str) -> io::Result<()> {
        let text = format!("{:INDENT$}{} {}", "", paint(YELLOW, "→"), clean(text));
        self.line(&text, INDENT + 2)
    }

    /// What the export holds and is not served: a line each, and for each kind what to do.
    fn lost(&mut self, parts: &[Part]) -> io::Result<()> {
        let groups = Group::all(parts);
        if !groups.is_empty() {
            writeln!(self.out)?;
        }
        for group in groups {
            for part in &group.parts {
                let file = match part.file.as_str() {
                    file if file == part.name => String::new(),
                    file => format!(" ({})", clean(file)),
                };
                let what = format!(
                    "{} {}{file}: {} {}",
                    paint(YELLOW, "lost    "),
                    clean(&part.description()),
                    group.kind.loss(),
                    paint(DIM, &format!("[{}]", group.kind.code()))
                );
                self.line(&what, INDENT)?;
            }
            self.reason(group.kind.remedy())?;
        }
        let off: Vec<String> =
            parts.iter().filter(|part| !part.active).map(Part::description).collect();
        if off.is_empty() || self.shown == Shown::Problems {
            return Ok(());
        }
        self.line(
            &format!("\n{}", paint(DIM, &clean(&format!("not in use: {}", off.join("; "))))),
            2,
        )
    }

    /// What a client that has logged in may call with all rights.
    fn callable(&mut self, functions: &[SystemFunction]) -> io::Result<()> {
        if functions.is_empty() || self.shown == Shown::Problems {
            return Ok(());
        }
        let name = |one: &SystemFunction| match one.has_condition {
            true => format!("{} (with a condition)", one.name),
            false => one.name.clone(),
        };
        let names: Vec<_> = functions.iter().map(name).collect();
        let text = format!(
            "clients can call as system: {}; set `private` where they should not",
            names.join(", ")
        );
        self.line(&format!("\n{}", clean(&text)), 2)
    }

    fn problems(&mut self, problems: &[Problem]) -> io::Result<()> {
        let is_lost = |one: &&Problem| one.severity == Severity::Loss;
        for (index, one) in problems::shown(problems.iter().filter(|one| !is_lost(one))).enumerate()
        {
            if index == 0 {
                writeln!(self.out)?;
            }
            writeln!(self.out, "{}", problem(&one, self.columns))?;
        }
        Ok(())
    }
}

fn details(route: &RouteReport) -> String {
    let parts = [
        match route.kind {
            Kind::Endpoint => "endpoint".to_owned(),
            Kind::Webhook => "webhook".to_owned(),
        },
        match &route.secret {
            Some(name) => format!("protection: {} ({})", route.protection, clean(name)),
            None => format!("protection: {}", route.protection),
        },
        format!("runs as: {}", route.runs_as),
        format!("function: {}", clean(route.file.as_deref().unwrap_or(&route.function))),
    ];
    parts.join(" · ")
}

fn uses(uses: &Uses) -> String {
    let named = [
        ("services", &uses.services),
        ("functions", &uses.functions),
        ("values", &uses.values),
        ("packages", &uses.packages),
        ("modules", &uses.modules),
        ("features", &uses.features),
    ];
    let mut parts: Vec<String> = named
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("{what} {}", names.join(", "))
        })
        .collect();
    if uses.dynamic {
        parts.push("and names that are worked out as it runs".to_owned());
    }
    parts.join(" · ")
}

/// The first few files, and how many more there are.
fn files(files: &[String]) -> String {
    let (first, rest) = files.split_at(files.len().min(FILES_SHOWN));
    match rest.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn summary(summary: &Summary) -> String {
    let mut parts = vec![paint(GREEN, &format!("{} will run", summary.runs))];
    let rest = [
        (summary.refused, "refused", RED),
        (summary.fails, "will fail", RED),
        (summary.disabled, "disabled", DIM),
        (
            summary.errors,
            if summary.errors == 1 { "error in the export" } else { "errors in the export" },
            RED,
        ),
        (summary.warnings, if summary.warnings == 1 { "warning" } else { "warnings" }, YELLOW),
        (summary.losses, if summary.losses == 1 { "part lost" } else { "parts lost" }, YELLOW),
    ];
    let told = rest.iter().filter(|(number, ..)| *number > 0);
    parts.extend(told.map(|(number, what, style)| paint(*style, &format!("{number} {what}"))));
    parts.join(", ")
}
