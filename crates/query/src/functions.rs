//! The table of functions: what each is called, what it takes, what it does, who computes it.

use crate::dates;
use crate::over_time as over;
use crate::rates;
use crate::regression;
use crate::windows::Window;

/// A function of PromQL.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: &'static str,
    /// Its parameters, as a reader writes them.
    pub parameters: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// Whether its value may change with the instant though its arguments do not.
    pub follows_time: bool,
    pub work: Work,
}

/// How a function is computed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Each value by itself.
    Each(fn(f64) -> f64),
    /// A part of the date that a value, or the instant, stands for.
    Date(fn(dates::Civil) -> f64),
    /// A window of samples; scalars lie in [`Window::parameters`].
    Over(fn(&Window<'_>) -> f64),
    /// The same of a counter: [`Window::falls`] is filled.
    Counter(fn(&Window<'_>) -> Option<f64>),
    /// A window that may hold too few samples.
    Trend(fn(&Window<'_>) -> Option<f64>),
    /// A window's newest sample: the metric keeps its name.
    Last,
    /// Double exponential smoothing, whose parameters must lie between 0 and 1.
    Smooth,
    AbsentOverTime,
    Absent,
    Clamp,
    ClampMin,
    ClampMax,
    Round,
    HistogramQuantile,
    LabelReplace,
    LabelJoin,
    Scalar,
    Vector,
    Time,
    Pi,
    Sort {
        descending: bool,
    },
    Timestamp,
}

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .binary_search_by_key(&name, |function| function.name)
        .ok()
        .and_then(|place| FUNCTIONS.get(place))
}

/// Every function, by name.
pub(crate) fn all() -> &'static [Function] {
    FUNCTIONS
}

const fn function(
    name: &'static str,
    parameters: &'static str,
    work: Work,
    about: &'static str,
) -> Function {
    Function {
        name,
        parameters,
        about,
        follows_time: matches!(work, Work::Date(_) | Work::Time | Work::Timestamp),
        work,
    }
}

const V: &str = "instant-vector";
const R: &str = "range-vector";

// A line each: the table is read by name.
#[rustfmt::skip]
static FUNCTIONS: &[Function] = &[
    function("abs", V, Work::Each(f64::abs), "Absolute value."),
    function("absent", V, Work::Absent, "1 where the vector is empty, for alerts on what is missing."),
    function("absent_over_time", R, Work::AbsentOverTime, "1 where the window holds no sample."),
    function("acos", V, Work::Each(f64::acos), "Arc cosine, in radians."),
    function("acosh", V, Work::Each(f64::acosh), "Inverse hyperbolic cosine."),
    function("asin", V, Work::Each(f64::asin), "Arc sine, in radians."),
    function("asinh", V, Work::Each(f64::asinh), "Inverse hyperbolic sine."),
    function("atan", V, Work::Each(f64::atan), "Arc tangent, in radians."),
    function("atanh", V, Work::Each(f64::atanh), "Inverse hyperbolic tangent."),
    function("avg_over_time", R, Work::Over(over::avg), "Average of the samples in the window."),
    function("ceil", V, Work::Each(f64::ceil), "Rounds up to an integer."),
    function("changes", R, Work::Over(over::changes), "How often the value changed in the window."),
    function("clamp", "instant-vector, min scalar, max scalar", Work::Clamp, "Keeps values between two bounds."),
    function("clamp_max", "instant-vector, max scalar", Work::ClampMax, "Keeps values below a bound."),
    function("clamp_min", "instant-vector, min scalar", Work::ClampMin, "Keeps values above a bound."),
    function("cos", V, Work::Each(f64::cos), "Cosine of radians."),
    function("cosh", V, Work::Each(f64::cosh), "Hyperbolic cosine."),
    function("count_over_time", R, Work::Over(over::count), "How many samples are in the window."),
    function("day_of_month", "instant-vector, or nothing for now", Work::Date(dates::day_of_month), "Day of the month, 1 to 31, of seconds since 1970 in UTC."),
    function("day_of_week", "instant-vector, or nothing for now", Work::Date(dates::day_of_week), "Day of the week, 0 is Sunday, of seconds since 1970 in UTC."),
    function("day_of_year", "instant-vector, or nothing for now", Work::Date(dates::day_of_year), "Day of the year, 1 to 366, of seconds since 1970 in UTC."),
    function("days_in_month", "instant-vector, or nothing for now", Work::Date(dates::days_in_month), "How many days the month has, of seconds since 1970 in UTC."),
    function("deg", V, Work::Each(over::degrees), "Radians to degrees."),
    function("delta", R, Work::Trend(rates::delta), "Difference between the window's ends, extrapolated to them, for gauges."),
    function("deriv", R, Work::Trend(regression::deriv), "Slope per second of a line fitted to the window, for gauges."),
    function("double_exponential_smoothing", "range-vector, smoothing scalar, trend scalar", Work::Smooth, "Smooths with a trend (Holt); the name that Prometheus 3 gives holt_winters."),
    function("exp", V, Work::Each(f64::exp), "The exponential function."),
    function("floor", V, Work::Each(f64::floor), "Rounds down to an integer."),
    function("histogram_quantile", "quantile scalar, instant-vector with le", Work::HistogramQuantile, "Quantile from the buckets of a histogram."),
    function("holt_winters", "range-vector, smoothing scalar, trend scalar", Work::Smooth, "Smooths with a trend (Holt)."),
    function("hour", "instant-vector, or nothing for now", Work::Date(dates::hour), "Hour of the day, 0 to 23, of seconds since 1970 in UTC."),
    function("idelta", R, Work::Trend(rates::idelta), "Difference between the last two samples of the window, for gauges."),
    function("increase", R, Work::Counter(rates::increase), "How much a counter grew over the window."),
    function("irate", R, Work::Trend(rates::irate), "Growth per second between a counter's last two samples."),
    function("label_join", "instant-vector, target string, separator string, source string…", Work::LabelJoin, "Joins the values of labels into one."),
    function("label_replace", "instant-vector, target string, replacement string, source string, regex string", Work::LabelReplace, "Sets a label from another by a regex."),
    function("last_over_time", R, Work::Last, "The newest sample of the window."),
    function("ln", V, Work::Each(f64::ln), "Natural logarithm."),
    function("log10", V, Work::Each(f64::log10), "Decimal logarithm."),
    function("log2", V, Work::Each(f64::log2), "Binary logarithm."),
    function("max_over_time", R, Work::Over(over::max), "Greatest sample of the window."),
    function("min_over_time", R, Work::Over(over::min), "Least sample of the window."),
    function("minute", "instant-vector, or nothing for now", Work::Date(dates::minute), "Minute of the hour, 0 to 59, of seconds since 1970."),
    function("month", "instant-vector, or nothing for now", Work::Date(dates::month), "Month, 1 to 12, of seconds since 1970 in UTC."),
    function("pi", "", Work::Pi, "The number pi."),
    Function { follows_time: true, ..function("predict_linear", "range-vector, seconds scalar", Work::Trend(regression::predict), "The value in so many seconds, by a line fitted to the window, for gauges.") },
    function("present_over_time", R, Work::Over(over::present), "1 where the window holds a sample."),
    function("quantile_over_time", "quantile scalar, range-vector", Work::Over(over::quantile), "Quantile of the samples in the window."),
    function("rad", V, Work::Each(over::radians), "Degrees to radians."),
    function("rate", R, Work::Counter(rates::rate), "Growth per second of a counter over the window."),
    function("resets", R, Work::Over(over::resets), "How often a counter started anew in the window."),
    function("round", "instant-vector, to scalar", Work::Round, "Rounds to the nearest multiple, 1 if not said."),
    function("scalar", V, Work::Scalar, "The value of the only series, or NaN."),
    function("sgn", V, Work::Each(over::sign), "1, 0 or -1 by the sign."),
    function("sin", V, Work::Each(f64::sin), "Sine of radians."),
    function("sinh", V, Work::Each(f64::sinh), "Hyperbolic sine."),
    function("sort", V, Work::Sort { descending: false }, "Least value first, at an instant."),
    function("sort_desc", V, Work::Sort { descending: true }, "Greatest value first, at an instant."),
    function("sqrt", V, Work::Each(f64::sqrt), "Square root."),
    function("stddev_over_time", R, Work::Over(over::stddev), "Population standard deviation of the window."),
    function("stdvar_over_time", R, Work::Over(over::stdvar), "Population variance of the window."),
    function("sum_over_time", R, Work::Over(over::sum), "Sum of the samples in the window."),
    function("tan", V, Work::Each(f64::tan), "Tangent of radians."),
    function("tanh", V, Work::Each(f64::tanh), "Hyperbolic tangent."),
    function("time", "", Work::Time, "The instant, in seconds since 1970."),
    function("timestamp", V, Work::Timestamp, "When each sample was taken, in seconds since 1970."),
    function("vector", "scalar", Work::Vector, "A scalar as a vector without labels."),
    function("year", "instant-vector, or nothing for now", Work::Date(dates::year), "Year of seconds since 1970 in UTC."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_by_its_name() {
        for function in all() {
            assert!(std::ptr::eq(find(function.name).unwrap(), function));
        }
        assert!(find("histogram_sum").is_none());
    }
}
