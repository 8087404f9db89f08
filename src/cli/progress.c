#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/json_text.h"
#include "cli/quantity.h"
#include "cli/terminal.h"

static struct {
    enum cli_progress_mode mode;
    bool on_terminal, is_drawn, is_shown;
    double began_s, shown_s;
    double rate_nbytes, rate_rows; /* per second, smoothed */
    uint64_t last_nbytes, last_rows;
} progress = { .mode = CLI_PROGRESS_NEVER };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cli_progress_begin(enum cli_progress_mode mode)
{
    const char *term = getenv("TERM");
    memset(&progress, 0, sizeof progress);
    progress.on_terminal = cli_terminal_width(stderr) > 0 && !(term && strcmp(term, "dumb") == 0);
    if (mode == CLI_PROGRESS_AUTO) mode = progress.on_terminal ? CLI_PROGRESS_ALWAYS : CLI_PROGRESS_NEVER;
    progress.mode = mode;
    progress.began_s = now_s();
}

double cli_progress_seconds(void) { return now_s() - progress.began_s; }

void cli_progress_away(void)
{
    if (!progress.is_drawn) return;
    fputs("\r\033[K", stderr);
    progress.is_drawn = false;
}

/* The speed of about the last two seconds: steady enough to read, quick enough to show a change. */
static double smoothed(double rate, uint64_t now, uint64_t before, double dt, double seconds)
{
    double fresh = now > before ? (double)(now - before) / dt : 0;
    double weight = dt / (seconds < 2 ? seconds : 2);
    return rate + (fresh - rate) * (weight < 1 ? weight : 1);
}

/* Before the first byte is read the total still grows with every file that is found. */
static void compose(char *text, size_t n, const struct busbar_event *e, double share, bool with_sizes)
{
    char done[CLI_QUANTITY_NBYTES], total[CLI_QUANTITY_NBYTES], rate[CLI_QUANTITY_NBYTES],
        rows[CLI_QUANTITY_NBYTES], sizes[2 * CLI_QUANTITY_NBYTES + 8] = "", left[CLI_QUANTITY_NBYTES + 8] = "";
    const char *phase = e->phase ? e->phase : "";
    if (e->done_nbytes == 0) {
        snprintf(text, n, "%s", phase);
        return;
    }
    if (with_sizes)
        snprintf(sizes, sizeof sizes, "%s of %s  ", cli_size(done, e->done_nbytes),
                 cli_size(total, e->total_nbytes));
    if (share < 1 && progress.rate_nbytes > 0) {
        char duration[CLI_QUANTITY_NBYTES];
        cli_duration(duration, (double)(e->total_nbytes - e->done_nbytes) / progress.rate_nbytes);
        snprintf(left, sizeof left, "%s left  ", duration);
    }
    snprintf(text, n, "%s%s/s  %s rows/s  %s%s", sizes, cli_size(rate, (uint64_t)progress.rate_nbytes),
             cli_rate(rows, progress.rate_rows), left, phase);
}

/* "\r 48 % [#######.......] 312 MB/s …", never wider than the terminal, or \r would not bring it back. The bar keeps its
 * length while the text beside it changes. */
static void draw_bar(double share, const char *text)
{
    enum { TEXT_COLUMNS = 50, FRAME_COLUMNS = 10, LONGEST_BAR = 40 };
    int width = cli_terminal_width(stderr), bar = width - TEXT_COLUMNS - FRAME_COLUMNS;
    if (bar > LONGEST_BAR) bar = LONGEST_BAR;
    fprintf(stderr, "\r\033[K%3d %% ", (int)(share * 100));
    if (bar >= 5) {
        int full = (int)(share * bar);
        fputc('[', stderr);
        for (int i = 0; i < bar; i++) fputc(i < full ? '#' : '.', stderr);
        fputs("] ", stderr);
    } else
        bar = 0;
    int room = width - bar - FRAME_COLUMNS;
    fprintf(stderr, "%.*s", room > 0 ? room : 0, text);
    fflush(stderr);
    progress.is_drawn = true;
}

void cli_progress_show(const struct busbar_event *event)
{
    if (progress.mode == CLI_PROGRESS_NEVER) return;
    bool draws = progress.mode == CLI_PROGRESS_ALWAYS && progress.on_terminal;
    double seconds = cli_progress_seconds(), dt = seconds - progress.shown_s;
    bool is_done = event->total_nbytes > 0 && event->done_nbytes >= event->total_nbytes;
    double least_s = draws ? 0.08 : progress.mode == CLI_PROGRESS_JSON ? 0.2 : 1;
    /* The last event is worth a line of its own, but only once. */
    bool just_done = is_done && progress.last_nbytes < event->total_nbytes;
    if ((progress.is_shown && dt < least_s && !just_done) || dt <= 0) return;
    progress.is_shown = true;
    progress.rate_nbytes = smoothed(progress.rate_nbytes, event->done_nbytes, progress.last_nbytes, dt, seconds);
    progress.rate_rows = smoothed(progress.rate_rows, event->rows, progress.last_rows, dt, seconds);
    progress.last_nbytes = event->done_nbytes;
    progress.last_rows = event->rows;
    progress.shown_s = seconds;
    if (progress.mode == CLI_PROGRESS_JSON) {
        cli_put_event_json(event, seconds);
        return;
    }
    double share = event->total_nbytes ? (double)event->done_nbytes / (double)event->total_nbytes : 0;
    if (share > 1) share = 1;
    char text[256];
    compose(text, sizeof text, event, share, !draws);
    if (draws)
        draw_bar(share, text);
    else
        fprintf(stderr, "%3d %%  %s\n", (int)(share * 100), text);
}
