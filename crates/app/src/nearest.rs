//! What someone probably meant.

/// The candidate that is most like a word, unless none is much like it. Letter case counts for
/// nothing.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_like(word, candidates, LIKENESS_MIN).map(|(_, candidate)| candidate)
}

/// How like a candidate must be, of 1 at most.
pub(crate) const LIKENESS_MIN: f64 = 0.75;

/// The candidate that is most like a word, with its likeness, which is above a minimum.
pub(crate) fn most_like<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    likeness_min: f64,
) -> Option<(f64, &'a str)> {
    /// Longer words are cut: no candidate is nearly as long, and the comparison is quadratic.
    const WORD_BYTES_MAX: usize = 256;
    let word = word[..word.floor_char_boundary(WORD_BYTES_MAX)].to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > likeness_min)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
}
