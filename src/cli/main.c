/* busbar: finds the command, parses its options by options.def, runs it. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "busbar.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/terminal.h"

/* The memory limit is about what the kernel counts. So freed blocks go back at once: big ones are mapped on their own
 * (fixing the threshold also stops glibc from raising it), and threads share two arenas instead of keeping eight each. */
static void keep_freed_memory_small(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
}

int main(int argc, char **argv)
{
    keep_freed_memory_small();
    /* A file size limit shall be an error of write(), reported as such, not a silent end. */
    signal(SIGXFSZ, SIG_IGN);

    if (argc < 2) {
        cli_put_overview(stderr);
        return BUSBAR_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("busbar %s\n", busbar_version());
        return cli_finish_stdout(BUSBAR_OK);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        cli_put_overview(stdout);
        return cli_finish_stdout(BUSBAR_OK);
    }
    if (name[0] == '-') return cli_misuse(CLI_N_COMMANDS, "\"%s\" stands where a command belongs", name);

    const struct cli_command *command = cli_command_find(name);
    if (!command) return BUSBAR_USAGE;
    struct cli_args args;
    enum cli_command_id id = (enum cli_command_id)(command - cli_commands);
    int code = cli_parse(&args, id, argc - 2, argv + 2);
    if (code) return code;
    if (args.wants_help)
        cli_put_command_help(id);
    else
        code = command->run(&args);
    return cli_finish_stdout(code);
}
