#include "cli/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int cli_terminal_width(FILE *file)
{
    int fd = fileno(file);
    struct winsize size;
    if (!isatty(fd)) return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

size_t cli_utf8_nbytes(const char *bytes)
{
    const unsigned char *text = (const unsigned char *)bytes;
    unsigned char c = text[0];
    if (c < 0x80) return 1;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4) return 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f)) return 0;
    if ((c == 0xf0 && text[1] < 0x90) || (c == 0xf4 && text[1] > 0x8f)) return 0;
    return n;
}

/* C0 and C1 control characters and DEL. */
static bool steers_terminal(const unsigned char *text)
{
    return text[0] < 0x20 || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);
}

void cli_put_safe(FILE *file, const char *text)
{
    while (*text) {
        size_t n = steers_terminal((const unsigned char *)text) ? 0 : cli_utf8_nbytes(text);
        if (n)
            fwrite(text, 1, n, file);
        else
            fprintf(file, "\\x%02x", (unsigned char)*text);
        text += n ? n : 1;
    }
}

size_t cli_text_width(const char *text, size_t nbytes)
{
    size_t width = 0;
    for (size_t i = 0; i < nbytes; i++) width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

void cli_put_wrapped(FILE *file, const char *text, int at, int indent, int width)
{
    bool line_is_empty = true;
    while (*text) {
        size_t n = strcspn(text, " ");
        int word = (int)cli_text_width(text, n);
        if (!line_is_empty && at + 1 + word > width) {
            fprintf(file, "\n%*s", indent, "");
            at = indent;
            line_is_empty = true;
        }
        if (!line_is_empty) {
            fputc(' ', file);
            at++;
        }
        fwrite(text, 1, n, file);
        at += word;
        line_is_empty = false;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

static int stdout_is_terminal(void)
{
    static int known = -1;
    if (known < 0) known = isatty(STDOUT_FILENO);
    return known;
}

int cli_write_stdout(void *ctx, const char *text, size_t nbytes)
{
    (void)ctx;
    if (!stdout_is_terminal()) return fwrite(text, 1, nbytes, stdout) != nbytes;
    for (size_t i = 0; i < nbytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool steers = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
        if (putchar(steers ? '?' : c) == EOF) return 1;
    }
    return 0;
}

int cli_write_cut(void *ctx, const char *text, size_t nbytes)
{
    struct cli_line_cut *cut = ctx;
    if (cut->width <= 1) return cli_write_stdout(NULL, text, nbytes);
    for (size_t i = 0; i < nbytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool begins = (c & 0xc0) != 0x80;
        if (c == '\n') {
            cut->column = 0;
        } else if (begins) {
            cut->column++;
            /* The mark stands in the last column even if the line would just have fitted: looking ahead is not possible here. */
            if (cut->column == cut->width && fputs("…", stdout) == EOF) return 1;
        }
        if (cut->column >= cut->width) continue;
        if (cli_write_stdout(NULL, text + i, 1)) return 1;
    }
    return 0;
}

int cli_finish_stdout(int code)
{
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) != 0) failed = true;
    if (!failed || (code != 0 && code != 1)) return code;
    fprintf(stderr, "busbar: cannot write to the standard output: %s\n",
            errno ? strerror(errno) : "an earlier write failed");
    return 4;
}
