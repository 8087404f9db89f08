/* One member of a zip archive, for a lister (leaf_lister.h): its name, where its data lie and what they are. */
#ifndef BB_ZIP_MEMBER_H
#define BB_ZIP_MEMBER_H

#include "io/leaf_lister.h"

/* Finds what is in the member; folders and hidden files are passed over. around: the thing that is the zip, archive: the same in lister->archives.
 * Failures of the member are problems in the chain; others stop the run. */
enum bb_status bb_lister_member(struct bb_lister *lister, const struct bb_thing *around,
                                const struct bb_zip_directory *zip, struct bb_archive *archive,
                                const struct bb_zip_entry *entry, struct bb_error *err) BB_WARN_UNUSED;

#endif
