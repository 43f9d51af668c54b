//! The vocabulary that everything in Millrace speaks: types, one [`Error`], and one trait of
//! operations for each feature.
//!
//! Pages, server functions, REST, jobs and tests hold a [`Services`] and know no implementation,
//! so nobody can go round authorisation.
//! The crate compiles for the server and for the browser and depends on nothing of ours.

mod account;
mod audit;
mod board;
mod cache;
mod calendar;
mod caller;
mod cash;
mod count;
mod database;
mod demo;
mod error;
mod event;
mod factor;
mod finding;
mod forecast;
mod ids;
mod import;
mod incident;
mod job;
mod key;
mod live;
mod machine;
mod metrics;
mod model;
mod money;
mod number;
mod once;
mod passkey;
mod people;
mod permission;
mod provider;
mod recording;
mod reorder;
mod role;
mod runway;
mod scope;
mod scrape;
mod series;
mod source;
mod time;

use std::sync::Arc;

pub use account::{
    Accounts, Credentials, Entry, HeldSession, NewSecret, PasswordFault, Session, SetUp, SignedIn,
    Step, User, Visit, network, network_of,
};
pub use audit::{
    AUDIT_DAYS, Audit, AuditActor, AuditAsked, AuditEntry, AuditFilter, AuditFormat, AuditObject,
    AuditOutcome, AuditPage, AuditRecord, MOST_AUDIT_ENTRIES,
};
pub use board::{Board, BoardChoice, BoardKind, Boards, Panel};
pub use cache::{CacheArea, CacheRedis, CacheReport, CacheUse, Caches};
pub use calendar::{
    Calendar, CalendarChange, CalendarDay, CalendarEntry, Calendars, EffectKind, EntryKind,
    HolidayRegion, LONGEST_ENTRY_DAYS, MOST_CALENDAR_ENTRIES, Touches, UsedEffect,
};
pub use caller::{Caller, Origin, Refusals, Who};
pub use cash::{
    CASH_WEEKS, Cash, CashChange, CashDay, CashItem, CashLine, CashSide, CashState, CashTerms,
    CashView, CashWeek, LONGEST_CASH_DAYS, MOST_CASH_ITEMS,
};
pub use count::grouped;
pub use database::{DatabaseFile, DatabaseFollower, DatabaseReport, DatabaseServer, Databases};
pub use demo::{Demo, DemoState};
pub use error::{Error, FieldError, Result};
pub use event::{Events, MOST_EVENTS, MOST_MARKS, Mark, MarkKind, Occurrence, Unusable};
pub use factor::{Enrolment, FactorState, Factors};
pub use finding::{
    Aspect, ChangePoint, Changed, Evidence, Finding, FindingFilter, Findings, Foretold,
    MOST_CHANCE, MOST_FINDINGS, NewestFindings, PREVIEW_DAYS, Scored, Sensitivity, Unusual,
    Verdict,
};
pub use forecast::{
    BackTest, Crossing, Forecast, ForecastPoint, ForecastState, Forecasts, MemberScore, Pace,
    SimilarPast, SimilarPeriod,
};
pub use ids::{
    CalendarEntryId, CashItemId, ImportId, InvitationId, JobId, KeyId, PasskeyId, RoleId, SeriesId,
    SessionId, SourceId, UserId,
};
pub use import::{
    BadCell, Column, ColumnRole, DecimalMark, Duplicates, Import, ImportResult, ImportSettings,
    ImportState, Imports, PreviewRow, Separator, Staging,
};
pub use incident::{INCIDENT_MINUTES, Incident, Incidents, Member};
pub use job::{Job, JobCount, JobKind, JobState, Jobs, MOST_JOBS, Queue, Scheduled};
pub use key::{AccessToken, ApiKey, Keys, LONGEST_GRACE_SECONDS, NewKey, TokenRequest};
pub use live::{Event, LivePoint, Topic, WHOSE};
pub use machine::{
    Ailment, HealthDeduction, Machine, MachineHealth, MachineList, Machines, SeriesShare, Together,
};
pub use metrics::{
    Circuit, Completion, Curve, Curves, DatabaseStorage, Keep, KeptSource, MOST_CURVES,
    MetricStorage, Metrics, MetricsProblem, MetricsQuestion, Offer, Partition, PartitionHolds,
    Push, PushAnswer, PushProtocol, Stretch,
};
pub use model::{
    ErrorPoint, FitReason, Fitted, HELD_DAYS, KEPT_ERRORS, KEPT_VERSIONS, LiveScore, MODELS_A_PAGE,
    ModelChoice, ModelCounts, ModelErrors, ModelFilter, ModelNote, ModelOrder, ModelPage, ModelRow,
    ModelVersion, Models, VersionChange, VersionState,
};
pub use money::{minor_places, plain_money, read_money, to_major, to_minor};
pub use number::read_number;
pub use once::{Attempt, Begun, KeptAnswer, Once};
pub use passkey::{
    LONGEST_PASSKEY_NAME, MOST_PASSKEYS, Passkey, PasskeyAsk, PasskeyDoor, Passkeys,
};
pub use people::{Invitation, NewInvitation, People, Person};
pub use permission::{CustomRole, Grant, Permission, Role};
pub use provider::{Providers, Returned, Trip};
pub use recording::{
    MOST_RECORDED, RECORD_BACK_DAYS, RECORD_EVERY_SECONDS, RecordingChange, RecordingIdea,
    RecordingRule, RecordingState, Recordings,
};
pub use reorder::{
    LONGEST_SUPPLY_DAYS, OpenOrder, OrderNote, OrderSheet, Price, Reorder, ReorderAdvice,
    ReorderDetail, ReorderList, ReorderState, Reorders, SupplyTerms,
};
pub use role::{RoleChange, RoleState, Roles};
pub use runway::{
    Glimpse, Outlook, Runway, RunwayFilter, RunwayOps, Strip, StripOrder, WhyUnknown,
};
pub use scope::Scope;
pub use scrape::{
    Hidden, LONGEST_SCRAPE_INTERVAL_SECONDS, SCRAPE_INTERVAL_SECONDS, SCRAPE_TIMEOUT_SECONDS,
    ScrapeState, ScrapeTarget, Scrapes, TargetChange, TokenChange, Trial,
};
pub use series::{
    Aggregation, Direction, Domain, Limit, LimitChange, Point, Points, Range, Recorded, Refused,
    Series, SeriesChange, SeriesFilter, SeriesOps, SeriesPage, Stake, Unit,
};
pub use source::{Source, SourceKind, Sources};
pub use time::{Clock, Instant};

/// Every operation of the product, one trait object for each feature.
#[derive(Clone)]
pub struct Services {
    /// Users and sessions.
    pub accounts: Arc<dyn Accounts>,
    /// Who did what.
    pub audit: Arc<dyn Audit>,
    /// Ready-made panels over metrics.
    pub boards: Arc<dyn Boards>,
    /// What is kept for a while.
    pub caches: Arc<dyn Caches>,
    /// The company's calendar.
    pub calendars: Arc<dyn Calendars>,
    /// The company's cash over the next weeks.
    pub cash: Arc<dyn Cash>,
    /// The database.
    pub databases: Arc<dyn Databases>,
    /// The demo company.
    pub demo: Arc<dyn Demo>,
    /// What other systems say happened.
    pub events: Arc<dyn Events>,
    /// Second factors.
    pub factors: Arc<dyn Factors>,
    /// What is unusual.
    pub findings: Arc<dyn Findings>,
    /// Forecasts of series.
    pub forecasts: Arc<dyn Forecasts>,
    /// Files on their way in.
    pub imports: Arc<dyn Imports>,
    /// What belongs together.
    pub incidents: Arc<dyn Incidents>,
    /// Work beside the pages.
    pub jobs: Arc<dyn Jobs>,
    /// API keys.
    pub keys: Arc<dyn Keys>,
    /// How well machines are.
    pub machines: Arc<dyn Machines>,
    /// Metrics in, PromQL out.
    pub metrics: Arc<dyn Metrics>,
    /// The models that forecasts are made with.
    pub models: Arc<dyn Models>,
    /// Requests that happen once.
    pub once: Arc<dyn Once>,
    /// Passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Who can sign in.
    pub people: Arc<dyn People>,
    /// Other places to sign in.
    pub providers: Arc<dyn Providers>,
    /// Expressions over metrics that are kept as series.
    pub recordings: Arc<dyn Recordings>,
    /// What is to be bought or made anew.
    pub reorders: Arc<dyn Reorders>,
    /// What they may do.
    pub roles: Arc<dyn Roles>,
    /// The home page's list.
    pub runway: Arc<dyn RunwayOps>,
    /// Targets that are scraped.
    pub scrapes: Arc<dyn Scrapes>,
    /// Labelled time series.
    pub series: Arc<dyn SeriesOps>,
    /// Where data comes from.
    pub sources: Arc<dyn Sources>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}
