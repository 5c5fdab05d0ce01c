//! The report for people: one paragraph for each route, the worst told most loudly.

use std::io::{self, Write};

use hookstead_app::Problem;
use hookstead_server::Kind;

use super::{
    report::{Report, RouteReport, Summary},
    verdict::Verdict,
};
use crate::terminal::{BOLD, DIM, GREEN, RED, YELLOW, clean, paint, problem};

/// Problems that the reasons of a route tell already.
const TOLD_WITH_ROUTES: [&str; 2] =
    ["endpoint-authentication-unsupported", "endpoint-protection-unresolved"];

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
    for reason in &route.reasons {
        writeln!(out, "         {} {}", paint(YELLOW, "→"), clean(reason))?;
    }
    for missing in &route.missing {
        writeln!(out, "         {} {}", paint(YELLOW, "→"), clean(&missing.remedy))?;
    }
    Ok(())
}

fn details(route: &RouteReport) -> String {
    let mut parts = vec![
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
    let used: Vec<&str> =
        route.uses.features.iter().chain(&route.uses.packages).map(String::as_str).collect();
    if !used.is_empty() {
        parts.push(format!("uses: {}", clean(&used.join(", "))));
    }
    parts.join(" · ")
}

fn summary(summary: &Summary) -> String {
    let mut parts = vec![paint(GREEN, &format!("{} will run", summary.runs))];
    let rest = [
        (summary.refused, "refused", RED),
        (summary.fails, "will fail", RED),
        (summary.disabled, "disabled", DIM),
        (summary.errors, "errors in the export", RED),
        (summary.warnings, "warnings", YELLOW),
    ];
    let told = rest.iter().filter(|(number, ..)| *number > 0);
    parts.extend(told.map(|(number, what, style)| paint(*style, &format!("{number} {what}"))));
    parts.join(", ")
}
