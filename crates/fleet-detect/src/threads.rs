//! Doing the same to every share of the devices, at once.

/// Does `work` with every part and its position: on a thread each, or one after the other where threads are not worth
/// it. The results are in the order of the parts.
pub(crate) fn with_each<P: Send, T: Send>(
    parts: &mut [P],
    threads: bool,
    work: impl Fn(usize, &mut P) -> T + Sync,
) -> Vec<T> {
    let each = parts.iter_mut().enumerate();
    if !threads {
        return each.map(|(position, part)| work(position, part)).collect();
    }
    std::thread::scope(|scope| {
        let mut each = each;
        // The first part is done here, while the others are under way.
        let first = each.next();
        let work = &work;
        let others: Vec<_> = each.map(|(position, part)| scope.spawn(move || work(position, part))).collect();
        let first = first.map(|(position, part)| work(position, part));
        let others =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        first.into_iter().chain(others).collect()
    })
}
