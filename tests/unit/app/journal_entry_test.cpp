#include "app/journal_entry.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

TEST(JournalEntry, has_message_priority_event_and_every_single_value) {
    const LogEntry entry = {Severity::warning,
                            "ticket_skipped",
                            "ticket 7 is left out",
                            {{"games", 1200}, {"path-of", "a\nb=c"}, {"list", {1, 2}}, {"x", 0.5}}};
    EXPECT_EQ(journal_entry(entry),
              "MESSAGE=ticket 7 is left out\nPRIORITY=4\nSYSLOG_IDENTIFIER=kiln\n"
              "KILN_EVENT=ticket_skipped\nKILN_GAMES=1200\nKILN_PATH_OF=a b=c\nKILN_X=0.5\n");
}

TEST(JournalEntry, severities_are_syslogs) {
    EXPECT_EQ(journal_priority(Severity::debug), '7');
    EXPECT_EQ(journal_priority(Severity::info), '6');
    EXPECT_EQ(journal_priority(Severity::warning), '4');
    EXPECT_EQ(journal_priority(Severity::error), '3');
}

TEST(JournalEntry, no_text_can_add_a_field) {
    const std::string entry =
        journal_entry({Severity::info, "a\nPRIORITY=0", "b\nMESSAGE_ID=1", {{"c\nd", "e"}}});
    EXPECT_EQ(entry.find("\nPRIORITY=0"), std::string::npos);
    EXPECT_EQ(entry.find("\nMESSAGE_ID"), std::string::npos);
    EXPECT_NE(entry.find("\nKILN_C_D=e\n"), std::string::npos);
}

TEST(JournalEntry, names_are_no_longer_than_the_journal_takes) {
    const std::string entry =
        journal_entry({Severity::info, "e", "t", {{std::string(100, 'x'), 1}}});
    EXPECT_NE(entry.find("\nKILN_" + std::string(59, 'X') + "=1\n"), std::string::npos);
}

}  // namespace
}  // namespace kiln::app
