//! The pages by the words that people look for them with, for the palette.

use api::Permission;

/// A page: where it is, what it is called, and other words that people type for it.
struct Page {
    href: &'static str,
    label: &'static str,
    words: &'static str,
    /// Who may see it: everybody without.
    needs: Option<Permission>,
}

const fn page(href: &'static str, label: &'static str, words: &'static str) -> Page {
    Page {
        href,
        label,
        words,
        needs: None,
    }
}

const fn guarded(
    needs: Permission,
    href: &'static str,
    label: &'static str,
    words: &'static str,
) -> Page {
    Page {
        needs: Some(needs),
        ..page(href, label, words)
    }
}

const PAGES: [Page; 26] = [
    page(
        "/",
        "Runway",
        "home start overview limits runs out forecast budget stock cash",
    ),
    page(
        "/series",
        "Series",
        "chart charts metric list limit limits threshold forecast",
    ),
    page(
        "/reorders",
        "Purchasing",
        "order orders reorder buy purchase stock supplier lead time delivery",
    ),
    page(
        "/cash",
        "Cash",
        "cash flow money bank account balance invoices bills liquidity receivables payables payments",
    ),
    page(
        "/machines",
        "Machines",
        "host hosts servers server health score",
    ),
    page(
        "/boards",
        "Boards",
        "dashboard dashboards panels node exporter postgres redis cpu memory disk network",
    ),
    page(
        "/explore",
        "Explore",
        "query promql metrics prometheus graph draw",
    ),
    page("/sources", "Sources", "data events alerts silent samples"),
    page("/imports", "Import", "upload csv tsv file table excel"),
    page("/models", "Models", "forecast accuracy back-test ensemble"),
    page(
        "/calendar",
        "Calendar",
        "holidays holiday promotion closure entries days",
    ),
    page("/jobs", "Jobs", "queue work background failed running"),
    page(
        "/settings",
        "Settings",
        "api keys key token retention storage preferences",
    ),
    page(
        "/findings",
        "Findings",
        "anomalies anomaly unusual outliers alerts",
    ),
    page("/welcome", "Add data", "demo send curl http welcome start"),
    page(
        "/sources/scrape",
        "Scrape a target",
        "add scraping prometheus exporter",
    ),
    page(
        "/calendar/entry",
        "Promotion or closure",
        "add calendar entry event holiday",
    ),
    page(
        "/explore/watch",
        "Watch an expression",
        "recording record promql series",
    ),
    page(
        "/account",
        "Your account",
        "password sign out log out logout sessions passkey passkeys profile",
    ),
    page(
        "/account/authenticator",
        "Set up an authenticator",
        "second step factor totp 2fa code recovery",
    ),
    guarded(
        Permission::AccessRead,
        "/people",
        "People",
        "users accounts invite invitation administrators access review",
    ),
    guarded(
        Permission::AccessRead,
        "/people/roles",
        "Roles",
        "permissions people rights access",
    ),
    guarded(
        Permission::AuditRead,
        "/audit",
        "Audit log",
        "who did what history trail entries",
    ),
    page("/theme?to=light", "Light theme", "colours appearance mode"),
    page("/theme?to=dark", "Dark theme", "colours appearance mode"),
    page(
        "/theme?to=system",
        "The system's theme",
        "colours appearance mode",
    ),
];

/// Address and name of the pages that hold every word of the text, of those that somebody with these
/// permissions may see.
pub fn found(text: &str, may: &[Permission]) -> Vec<(&'static str, &'static str)> {
    let text = text.to_lowercase();
    let fits = |page: &&Page| {
        let known = format!("{} {}", page.label.to_lowercase(), page.words);
        let allowed = page.needs.is_none_or(|needs| may.contains(&needs));
        allowed && text.split_whitespace().all(|word| known.contains(word))
    };
    let fitting = PAGES.iter().filter(fits);
    fitting.map(|page| (page.href, page.label)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_other_words_and_by_those_who_may_see_them() {
        let all = [Permission::AccessRead, Permission::AuditRead];
        assert_eq!(found("Who did", &all), [("/audit", "Audit log")]);
        assert_eq!(found("passkey", &[]), [("/account", "Your account")]);
        assert!(found("people", &[]).is_empty());
        assert!(found("no such page", &all).is_empty());
        assert_eq!(found("theme", &[]).len(), 3);
    }
}
