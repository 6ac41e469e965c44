//! `[[exempt]]`: packages and items in which a rule is not in force.

use crate::failure::Failure;
use crate::lint::config::{Config, Exempt};
use crate::lint::date::Date;
use crate::lint::finding::{Finding, Judged, Suppressed, Suppression};
use crate::lint::items::Items;
use crate::lint::meta::Workspace;
use crate::lint::rules::{Context, Level, UNUSED_ALLOW};
use crate::lint::source::Place;

/// Takes out what is exempt, and adds a finding for each exemption that exempts nothing or has ended.
pub(crate) fn apply(
    judged: &mut Judged,
    metadata: &Workspace,
    config: &Config,
    items: &mut Items,
    today: Date,
) -> Result<(), Failure> {
    let unknown =
        |exempt: &&Exempt| !metadata.members.iter().any(|member| member.name == exempt.package);
    if let Some(Exempt { package, line, .. }) = config.exempt.iter().find(unknown) {
        let file = config.file;
        return Err(Failure::unanalysed(format!("{file}:{line}: no member is called `{package}`")));
    }
    let mut used = vec![false; config.exempt.len()];
    let mut kept = Vec::new();
    for mut finding in judged.findings.drain(..) {
        let file = metadata.root.join(&finding.path);
        let package = metadata.member_of(&file).map(|member| member.name.as_str());
        let place = Place { line: finding.line, column: finding.column };
        let item = if config.exempt.iter().any(|exempt| exempt.item.is_some()) {
            items.around(&file, place)
        } else {
            String::new()
        };
        let mut covering = |rule: &str| {
            let covers = |exempt: &Exempt| {
                exempt.rule.id == rule
                    && package == Some(exempt.package.as_str())
                    && exempt.item.as_ref().is_none_or(|outer| contains(outer, &item))
                    && exempt.until.is_none_or(|until| until >= today)
            };
            let index = config.exempt.iter().position(covers)?;
            used[index] = true;
            Some(config.exempt[index].reason.clone())
        };
        let mut reason = covering(finding.rule.id);
        if !finding.stands_for.is_empty() && reason.is_none() {
            let before = finding.stands_for.join(", ");
            finding.stands_for.retain(|rule| {
                let own = covering(rule);
                let is_covered = own.is_some();
                reason = reason.take().or(own);
                !is_covered
            });
            let left = finding.stands_for.join(", ");
            if !left.is_empty() {
                finding.message = finding.message.replacen(&before, &left, 1);
                reason = None;
            }
        }
        match reason {
            None => kept.push(finding),
            Some(reason) => {
                let by = Suppression::Exempt(reason);
                judged.suppressed.push(Suppressed { finding, by });
            }
        }
    }
    judged.findings = kept;
    for (exempt, used) in config.exempt.iter().zip(used) {
        judged.findings.extend((!used).then(|| stale(exempt, config, today)).flatten());
    }
    Ok(())
}

fn stale(exempt: &Exempt, config: &Config, today: Date) -> Option<Finding> {
    let level = config.level(&UNUSED_ALLOW, Context::Production);
    let rule = exempt.rule.id;
    let message = match exempt.until {
        Some(until) if until < today => format!("this exemption ended on {until}"),
        Some(_) | None => format!("nothing in what this exempts breaks {rule}"),
    };
    (level > Level::Allow).then(|| Finding {
        path: config.file.to_owned(),
        line: exempt.line,
        column: 1,
        rule: &UNUSED_ALLOW,
        level,
        message,
        note: None,
        stands_for: Vec::new(),
    })
}

/// Whether an item is the outer one or lies in it.
fn contains(outer: &str, item: &str) -> bool {
    item.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
