//! The report for people: one paragraph for each route, the worst told most loudly.

use std::io::{self, Write};

use hookstead_app::Problem;
use hookstead_server::Kind;

use super::{
    report::{Report, RouteReport, Summary},
    uses::Uses,
    verdict::Verdict,
};
use crate::terminal::{BOLD, DIM, GREEN, RED, YELLOW, clean, paint, problem};

/// Problems that the reasons of a route tell already.
const TOLD_WITH_ROUTES: [&str; 2] =
    ["endpoint-authentication-unsupported", "endpoint-protection-unresolved"];

/// How many files are named with something that they use.
const FILES_SHOWN: usize = 2;

/// Writes the report.
pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let app = &report.app;
    let head = format!("{} ({})", clean(&app.name), clean(&app.id));
    let environment = match app.environment.as_str() {
        "" => "no environment".to_owned(),
        tag => format!("environment {}", clean(tag)),
    };
    writeln!(out, "{}, layout {}, {environment}\n", paint(BOLD, &head), app.config_version)?;
    for route in &report.routes {
        write_route(route, out)?;
    }
    let told = |one: &&Problem| TOLD_WITH_ROUTES.contains(&one.code);
    let mut problems = report.problems.iter().filter(|one| !told(one)).peekable();
    if problems.peek().is_some() {
        writeln!(out)?;
    }
    for one in problems {
        writeln!(out, "{}", problem(one))?;
    }
    writeln!(out, "\n{}", summary(&report.summary))
}

fn write_route(route: &RouteReport, out: &mut impl Write) -> io::Result<()> {
    let (style, word) = match route.verdict {
        Verdict::Runs => (GREEN, "runs    "),
        Verdict::Refused => (RED, "refused "),
        Verdict::Fails => (RED, "fails   "),
        Verdict::Disabled => (DIM, "disabled"),
    };
    let path = clean(&route.path);
    writeln!(out, "{} {:<6} {}", paint(style, word), route.method, paint(BOLD, &path))?;
    writeln!(out, "         {}", paint(DIM, &details(route)))?;
    let uses = uses(&route.uses);
    if !uses.is_empty() {
        writeln!(out, "         {}", paint(DIM, &clean(&format!("uses: {uses}"))))?;
    }
    let is_told = |reason: &String| route.missing.iter().any(|one| one.message == *reason);
    for reason in route.reasons.iter().filter(|reason| !is_told(reason)) {
        writeln!(out, "         {} {}", paint(YELLOW, "→"), clean(reason))?;
    }
    for one in &route.missing {
        let text = format!("{} ({}): {}", one.message, files(&one.used_in), one.remedy);
        writeln!(out, "         {} {}", paint(YELLOW, "→"), clean(&text))?;
    }
    Ok(())
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
    ];
    let told = rest.iter().filter(|(number, ..)| *number > 0);
    parts.extend(told.map(|(number, what, style)| paint(*style, &format!("{number} {what}"))));
    parts.join(", ")
}
