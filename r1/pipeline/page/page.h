// The page of a run: one self-contained HTML file, no script, nothing from the network; light and dark, 375 px and up.
// It only lays out what report_data.h gathered; the style sheet is style.cc, curves are plot.cc.
#pragma once

#include <string>

#include "r1/pipeline/page/report_data.h"

namespace r1::pipeline {

/// The whole document. Everything that came from a model, a data set or a recipe is escaped.
std::string report_html(const ReportData& data);

/// The style sheet (style.cc).
const char* page_style();

}  // namespace r1::pipeline
