//! What someone probably meant.

/// The candidate that is most like a word, unless none is much like it. Letter case counts for
/// nothing.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer words are cut: no candidate is nearly as long, and the comparison is quadratic.
    const WORD_BYTES_MAX: usize = 256;
    let word = word[..word.floor_char_boundary(WORD_BYTES_MAX)].to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}
