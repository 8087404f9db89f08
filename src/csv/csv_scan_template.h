/* The block loop of one kernel of csv_scan.h; included once per instruction set, without a guard. Before including:
 *   SCAN_NAME(x)    x with the instruction set's suffix
 *   SCAN_TARGET     the function attribute that allows its instructions (may be empty)
 * and, each static, inline and with SCAN_TARGET,
 *   struct scan_masks SCAN_NAME(masks)(const char *p)            one bit per byte of p[0 … 64), bit 0 for p[0]
 *   uint64_t SCAN_NAME(prefix_xor)(uint64_t quotes)              bit i = parity of bits 0 … i
 *   void SCAN_NAME(put)(uint32_t *out, uint32_t base, uint64_t)  base + place of each bit, ascending; may write 64 entries
 * The including file brings struct scan_masks and scan_bytes(). */

SCAN_TARGET static void SCAN_NAME(scan)(const char *text, size_t n, struct bb_csv_index *index)
{
    uint32_t *seps = index->seps, *lines = index->lines;
    size_t n_seps = 0, n_lines = 0;
    uint64_t in_quotes = 0, any_quotes = 0; /* in_quotes: all ones while the state is "inside", else 0 */

    for (size_t base = 0; base < n; base += 64) {
        struct scan_masks m = SCAN_NAME(masks)(text + base);
        uint64_t seps_here, newlines;
        if (BB_UNLIKELY(n - base < 64)) {
            uint64_t valid = ((uint64_t)1 << (n - base)) - 1;
            m.commas &= valid, m.newlines &= valid, m.quotes &= valid;
        }
        seps_here = m.commas | m.newlines;
        newlines = m.newlines;
        if ((m.quotes | in_quotes) != 0) {
            uint64_t inside = SCAN_NAME(prefix_xor)(m.quotes) ^ in_quotes;
            any_quotes |= m.quotes;
            if (BB_UNLIKELY((newlines & inside) != 0)) {
                /* Every newline resets the state, which the parity does not know. */
                index->n_seps = n_seps, index->n_lines = n_lines;
                in_quotes =
                    scan_bytes(text, base, n - base < 64 ? n : base + 64, in_quotes & 1, index) ? ~(uint64_t)0 : 0;
                n_seps = index->n_seps, n_lines = index->n_lines;
                continue;
            }
            seps_here &= ~inside;
            in_quotes = (uint64_t)((int64_t)inside >> 63);
        }
        /* One without asking whether there is any: most lines are longer than a block, in no rhythm that could be
         * foreseen. What is written for none is overwritten by the next. */
        lines[n_lines] =
            (uint32_t)(n_seps + (size_t)__builtin_popcountll(seps_here & ((newlines & -newlines) - 1)));
        n_lines += newlines != 0;
        while (BB_UNLIKELY((newlines &= newlines - 1) != 0))
            lines[n_lines++] =
                (uint32_t)(n_seps + (size_t)__builtin_popcountll(seps_here & ((newlines & -newlines) - 1)));
        SCAN_NAME(put)(seps + n_seps, (uint32_t)base, seps_here);
        n_seps += (size_t)__builtin_popcountll(seps_here);
    }
    index->n_seps = n_seps;
    index->n_lines = n_lines;
    index->has_quotes = any_quotes != 0;
}

#undef SCAN_NAME
#undef SCAN_TARGET
